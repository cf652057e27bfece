import { stringify } from 'yaml';
import type { ShopPlatform } from '../shopPlatform.ts';

/** Addresses that the demo's configuration names. */
export interface DemoAddresses {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly sandboxUrl: string;
  /** The setting `store`. */
  readonly store: string;
  readonly group: string;
  /** How soon the group gives up a member that was killed; the connector's default where not given. */
  readonly sessionTimeout?: string;
}

/** The shop's configuration: what its advertiser would write into connector.yaml. */
export function demoConfiguration(
  addresses: DemoAddresses,
  topics: ShopPlatform['topics'],
): string {
  return stringify({
    kafka: {
      brokers: addresses.brokers,
      group: addresses.group,
      ...(addresses.sessionTimeout && { sessionTimeout: addresses.sessionTimeout }),
    },
    registry: { url: addresses.registryUrl },
    store: addresses.store,
    powerspace: { url: addresses.sandboxUrl },
    admin: { listen: '127.0.0.1:0' },
    mappings: [
      {
        topic: topics['web.landing'],
        event: 'LandingPageVisited',
        record: 'click',
        click: 'clickId',
        user: ['userId', 'visitorId'],
        at: 'occurredAt',
      },
      {
        topic: topics.accounts,
        event: 'UserSignedUp',
        record: 'lead',
        user: ['userId', 'visitorId'],
        id: 'userId',
        at: 'signedUpAt',
      },
      {
        topic: topics.orders,
        event: 'OrderPlaced',
        record: 'order',
        user: 'customerId',
        id: 'orderId',
        at: 'placedAt',
        value: {
          amount: 'total.amount',
          minus: ['shipping.amount'],
          currency: 'total.currency',
          accept: ['EUR'],
        },
        when: { status: ['PAID', 'SHIPPED', 'REFUNDED'], 'consent.marketing': true },
      },
    ],
  });
}
