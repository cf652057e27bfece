// Written from Powerspace's document and not from src/powerspace/, so that a mistake there shows here.

/** What a postback reports. */
export type PostbackKind = 'lead' | 'order';

/** A postback as it came in, with what is wrong with it. */
export interface IncomingPostback {
  readonly kind: PostbackKind;
  /** The click id as sent, decoded; empty when there is none. */
  readonly clickId: string;
  /** The order value as sent; undefined when there is none, and for leads, which have none. */
  readonly value: string | undefined;
  /** Why it is answered with 400; undefined when nothing is wrong. */
  readonly fault: string | undefined;
}

const kinds = new Map<string, PostbackKind>([
  ['/ld', 'lead'],
  ['/ord', 'order'],
]);
const visibleAscii = /^[\x21-\x7e]{1,512}$/;
const unsubstituted = /\$?\{[^}]*\}|%7B.*%7D/i;
const nothing = /^(?:null|undefined|nan)$/i;
const plainDecimal = /^(?=.{1,24}$)(?=.*[1-9])(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** The postback that a request target (path and query) holds; undefined when its path is another. */
export function readPostback(target: string): IncomingPostback | undefined {
  const mark = target.indexOf('?');
  const kind = kinds.get(mark === -1 ? target : target.slice(0, mark));
  if (kind === undefined) return undefined;
  const query = new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1));
  const clickIds = query.getAll('qci');
  const values = kind === 'order' ? query.getAll('ov') : [];
  return {
    kind,
    clickId: clickIds[0] ?? '',
    value: values[0],
    fault: clickIdFault(clickIds) ?? valueFault(values),
  };
}

function clickIdFault([clickId, ...others]: readonly string[]): string | undefined {
  if (clickId === undefined || clickId === '') return 'qci, the click id, is missing';
  if (others.length > 0) return 'qci, the click id, is there more than once';
  if (!visibleAscii.test(clickId)) return 'qci is not 1 to 512 visible ASCII characters';
  if (unsubstituted.test(clickId)) return 'qci is a macro that was never substituted';
  if (nothing.test(clickId)) return `qci is the word ${clickId}`;
  return undefined;
}

function valueFault([value, ...others]: readonly string[]): string | undefined {
  if (value === undefined) return undefined;
  if (others.length > 0) return 'ov, the order value, is there more than once';
  if (!plainDecimal.test(value)) return 'ov is not a positive decimal such as 49.99';
  return undefined;
}
