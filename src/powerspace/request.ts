/** A conversion that Powerspace is told about: a sign-up (lead) or an order. */
export type PostbackKind = 'lead' | 'order';

/** What a postback says. */
export interface Postback {
  readonly kind: PostbackKind;
  readonly clickId: string;
  /** The value of an order in major units, such as `49.99`; undefined sends none. */
  readonly value: string | undefined;
}

const endpoints: Record<PostbackKind, string> = { lead: '/ld', order: '/ord' };

/** The path of a postback without its query: `/ld` or `/ord`. */
export function postbackPath(kind: PostbackKind): string {
  return endpoints[kind];
}

/** Path and query of the GET that reports it (Powerspace: `/ld?qci={clickId}`, `/ord?qci={clickId}&ov={value}`). */
export function postbackTarget({ kind, clickId, value }: Postback): string {
  const query = `qci=${encodeURIComponent(clickId)}`;
  return value === undefined
    ? `${endpoints[kind]}?${query}`
    : `${endpoints[kind]}?${query}&ov=${encodeURIComponent(value)}`;
}
