import type { IncomingMessage, ServerResponse } from 'node:http';
import Big from 'big.js';
import type { PostbackKind } from './postback.ts';
import { send } from './respond.ts';

/** What was recorded on a day. */
interface Day {
  leads: number;
  orders: number;
  value: Big;
}

/** The advertiser's statistics, by the UTC day on which a postback arrived. */
export class Statistics {
  readonly #days = new Map<string, Day>();

  /** Counts a postback that was recorded, at a time in milliseconds since 1970. */
  add(at: number, kind: PostbackKind, value: string | undefined): void {
    const date = new Date(at).toISOString().slice(0, 10);
    const day = this.#days.get(date) ?? { leads: 0, orders: 0, value: new Big(0) };
    if (kind === 'lead') day.leads += 1;
    else day.orders += 1;
    if (value !== undefined) day.value = day.value.plus(value);
    this.#days.set(date, day);
  }

  /** The rows of a day, `YYYY-MM-DD`: one, or none when nothing was recorded. */
  of(date: string): readonly object[] {
    const day = this.#days.get(date);
    return day ? [{ date, ...day, value: day.value.toFixed() }] : [];
  }

  /** Forgets everything. */
  clear(): void {
    this.#days.clear();
  }
}

/** Whether the target of a request is that of the statistics. */
export function isStatistics(target = ''): boolean {
  return target.split('?', 1)[0] === '/v4/advertiser';
}

/**
 * Serves `GET /v4/advertiser?date=…&token=…`. That it answers an array, an empty one without data, is public; the names
 * in a row are not, so those here are our own. Any token will do, but there must be one.
 */
export function serveStatistics(
  statistics: Statistics,
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
): void {
  if (method !== 'GET') {
    response.setHeader('allow', 'GET');
    send(response, { status: 405, body: `${method} is not allowed; statistics are GET\n` });
    return;
  }
  const parameters = new URLSearchParams(url.split('?')[1]);
  const date = parameters.get('date') ?? '';
  if (!parameters.get('token')) send(response, { status: 401, body: 'token is missing\n' });
  else if (!isDate(date))
    send(response, { status: 400, body: 'date is no day as in 2026-11-24\n' });
  else {
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify(statistics.of(date))}\n`);
  }
}

function isDate(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // There is no 30 February, but Date takes it for 2 March.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
