import { fillBasket, inForeignCurrency } from './basket.ts';
import { skipped } from './event.ts';
import type { Journey } from './journey.ts';
import { days, hours, minutes, type Shopper } from './shopper.ts';

/** Arrives without a click and signs up; returns with nothing that leads back to Powerspace. */
function signUpWithoutClick(shopper: Shopper): void {
  shopper.visits(null, skipped('no-click'));
  shopper.waits(minutes(2), minutes(40));
  shopper.signsUp(skipped('no-click'));
}

/** Visitors whom no Powerspace click brought: most of them. */
export const withoutClick: readonly Journey[] = [
  {
    name: 'looks around without a click',
    share: 48,
    play(shopper) {
      shopper.visits(null, skipped('no-click'));
    },
  },
  { name: 'signs up without a click', share: 6, play: signUpWithoutClick },
  {
    name: 'orders without a click',
    share: 6,
    play(shopper) {
      signUpWithoutClick(shopper);
      shopper.waits(hours(1), days(8));
      shopper.orders(fillBasket(shopper.dice), skipped('no-click'));
    },
  },
  {
    name: 'orders without a click or consent',
    share: 2,
    play(shopper) {
      signUpWithoutClick(shopper);
      shopper.waits(hours(1), days(8));
      shopper.orders(fillBasket(shopper.dice), skipped('condition'), { marketing: false });
    },
  },
  {
    name: 'orders without a click in another currency',
    share: 1,
    play(shopper) {
      signUpWithoutClick(shopper);
      shopper.waits(hours(1), days(8));
      const basket = inForeignCurrency(fillBasket(shopper.dice), shopper.dice);
      shopper.orders(basket, skipped('no-click'));
    },
  },
  {
    name: 'orders as a guest',
    share: 1,
    play(shopper) {
      shopper.visits(null, skipped('no-click'));
      shopper.waits(minutes(5), minutes(50));
      shopper.orders(fillBasket(shopper.dice), skipped('no-user'), { guest: true });
    },
  },
];
