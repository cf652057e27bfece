import { ownTopics } from './ownEvents.ts';
import type { OwnPlatform } from './ownPlatform.ts';

/** A connector.yaml as the company's people wrote it, with the two documents beside them. */
export function ownConfiguration(platform: OwnPlatform, powerspaceUrl: string): string {
  const { prefix, brokers, registryUrl } = platform;
  const topics = ownTopics(prefix);
  return `# Powerspace for acme
kafka:
  brokers: ${brokers.join(',')}
  group: ${prefix}connector
registry:
  url: ${registryUrl}
store: sqlite:acme.db
powerspace:
  url: ${powerspaceUrl}
admin:
  listen: 127.0.0.1:0
mappings:
  - topic: ${topics.visits}
    event: io.acme.web.v3.CampaignVisit
    record: click
    click: source.clickRef
    user: session
    at: visitedAt
  - topic: ${topics.registrations}
    event: CustomerRegistered
    record: lead
    user: [customer.number, customer.session]
    id: customer.number
    at: registeredAt
  - topic: ${topics.purchases}
    event: io.acme.shop.PurchaseCompleted
    record: order
    user: customerNumber
    id: purchase
    at: completedAt
    value:
      amount: sums.gross
      minus: sums.delivery
      currency: sums.currency
      accept: [EUR]
    when:
      state: PAID
`;
}
