import { type Basket, fillBasket } from './basket.ts';
import { type Expected, recorded } from './event.ts';
import { days, hours, minutes, type Shopper } from './shopper.ts';

/** A story that a shopper plays, and how many of a hundred visitors play it. */
export interface Journey {
  readonly name: string;
  readonly share: number;
  readonly play: (shopper: Shopper) => void;
}

/** Delivered as a lead of this click. */
function leadOf(clickId: string): Expected {
  return { outcome: 'delivered', kind: 'lead', clickId };
}

/** Delivered as an order of this click, worth its total less the shipping. */
export function orderOf(clickId: string, { total, shipping }: Basket): Expected {
  const value = total.minus(shipping.amount).toFixed(2);
  return { outcome: 'delivered', kind: 'order', clickId, value };
}

/** Arrives by a click and signs up. */
export function signUpByClick(shopper: Shopper, clickId: string, signUp = leadOf(clickId)): void {
  shopper.visits(clickId, recorded);
  shopper.waits(minutes(2), minutes(40));
  shopper.signsUp(signUp);
}

/** Arrives by a click, signs up, and comes back to order a few days later. */
export function customerByClick(
  shopper: Shopper,
  beginning = '',
): { clickId: string; basket: Basket } {
  const clickId = shopper.clicks(beginning);
  signUpByClick(shopper, clickId);
  shopper.waits(hours(20), days(6));
  return { clickId, basket: fillBasket(shopper.dice) };
}
