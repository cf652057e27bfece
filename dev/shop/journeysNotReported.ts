import { fillBasket, inForeignCurrency, paidByGiftCard, returned } from './basket.ts';
import { recorded, skipped } from './event.ts';
import { customerByClick, type Journey, orderOf, signUpByClick } from './journey.ts';
import { days, hours, minutes } from './shopper.ts';

/** Visitors whom a click brought, with an order that must not be reported (again). */
export const notReported: readonly Journey[] = [
  {
    name: 'has an order that is published twice',
    share: 2,
    play(shopper) {
      const { clickId, basket } = customerByClick(shopper);
      shopper.orders(basket, orderOf(clickId, basket));
      shopper.repeatsItself();
    },
  },
  {
    name: 'sends an order back',
    share: 1,
    play(shopper) {
      const { clickId, basket } = customerByClick(shopper);
      shopper.orders(basket, orderOf(clickId, basket));
      shopper.waits(days(3), days(14));
      shopper.orders(returned(basket), skipped('not-positive'), { status: 'REFUNDED' });
    },
  },
  {
    name: 'pays with a gift card',
    share: 1,
    play(shopper) {
      const { basket } = customerByClick(shopper);
      shopper.orders(paidByGiftCard(basket), skipped('not-positive'));
    },
  },
  {
    name: 'pays in another currency',
    share: 1,
    play(shopper) {
      const { basket } = customerByClick(shopper);
      shopper.orders(inForeignCurrency(basket, shopper.dice), skipped('currency'));
    },
  },
  {
    name: 'does not agree to marketing',
    share: 1,
    play(shopper) {
      const { basket } = customerByClick(shopper);
      shopper.orders(basket, skipped('condition'), { marketing: false });
    },
  },
  {
    name: 'does not pay',
    share: 1,
    play(shopper) {
      const { basket } = customerByClick(shopper);
      const status = shopper.dice.pick(['PENDING', 'CANCELLED']);
      shopper.orders(basket, skipped('condition'), { status });
    },
  },
  {
    name: 'orders when the click is past its window',
    share: 1,
    play(shopper) {
      signUpByClick(shopper, shopper.clicks());
      // Past the 30 days, but not by so much that the click may be gone from the store.
      shopper.waits(days(30) + minutes(10), days(30) + hours(20));
      shopper.orders(fillBasket(shopper.dice), skipped('click-expired'));
    },
  },
  {
    name: 'orders before the click',
    share: 1,
    play(shopper) {
      shopper.signsIn();
      shopper.orders(fillBasket(shopper.dice), skipped('no-click'));
      shopper.waits(hours(1), days(4));
      shopper.visits(shopper.clicks(), recorded);
    },
  },
];
