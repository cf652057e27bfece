import { fillBasket } from './basket.ts';
import { invalidClickId, recorded, skipped, unknownClick } from './event.ts';
import { customerByClick, type Journey, orderOf, signUpByClick } from './journey.ts';
import { days, hours, minutes } from './shopper.ts';

/** Visitors whom a click brought and whose conversions are delivered. */
export const byClick: readonly Journey[] = [
  {
    name: 'leaves again after a click',
    share: 7,
    play(shopper) {
      shopper.visits(shopper.clicks(), recorded);
    },
  },
  {
    name: 'signs up after a click',
    share: 5,
    play(shopper) {
      signUpByClick(shopper, shopper.clicks());
    },
  },
  {
    name: 'orders after a click',
    share: 6,
    play(shopper) {
      const { clickId, basket } = customerByClick(shopper);
      shopper.orders(basket, orderOf(clickId, basket));
    },
  },
  {
    name: 'orders twice after a click',
    share: 1,
    play(shopper) {
      const { clickId, basket } = customerByClick(shopper);
      shopper.orders(basket, orderOf(clickId, basket));
      shopper.waits(days(2), days(12));
      const second = fillBasket(shopper.dice);
      shopper.orders(second, orderOf(clickId, second));
    },
  },
  {
    name: 'orders with an account from before, after a click',
    share: 2,
    play(shopper) {
      const clickId = shopper.clicks();
      shopper.signsIn();
      shopper.visits(clickId, recorded);
      shopper.waits(minutes(10), days(3));
      const basket = fillBasket(shopper.dice);
      shopper.orders(basket, orderOf(clickId, basket));
    },
  },
  {
    name: 'clicks twice, and the last click counts',
    share: 2,
    play(shopper) {
      signUpByClick(shopper, shopper.clicks());
      shopper.waits(days(1), days(5));
      const last = shopper.clicks();
      shopper.visits(last, recorded);
      shopper.waits(minutes(10), days(3));
      const basket = fillBasket(shopper.dice);
      shopper.orders(basket, orderOf(last, basket));
    },
  },
];

/** Visitors whose click Powerspace refuses, at first or for good. */
export const oddClicks: readonly Journey[] = [
  {
    name: 'has a click that Powerspace no longer knows',
    share: 1,
    play(shopper) {
      const clickId = shopper.clicks('expired-');
      signUpByClick(shopper, clickId, unknownClick);
      shopper.waits(hours(20), days(6));
      shopper.orders(fillBasket(shopper.dice), unknownClick);
    },
  },
  {
    name: 'has a click for which Powerspace needs a second try',
    share: 2,
    play(shopper) {
      const { clickId, basket } = customerByClick(shopper, 'flaky-');
      shopper.orders(basket, orderOf(clickId, basket));
    },
  },
  {
    name: 'comes by an advertisement whose macro was not substituted',
    share: 1,
    play(shopper) {
      shopper.visits('{clickId}', invalidClickId);
      shopper.waits(minutes(2), minutes(40));
      shopper.signsUp(skipped('no-click'));
    },
  },
];
