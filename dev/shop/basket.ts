import Big from 'big.js';
import { foreignCurrencies, products } from './catalogue.ts';
import type { Dice } from './dice.ts';

/** What a customer orders and pays. */
export interface Basket {
  readonly items: readonly {
    readonly sku: string;
    readonly name: string;
    readonly quantity: number;
    readonly unitPrice: Big;
  }[];
  readonly discount: { readonly code: string; readonly amount: Big } | null;
  readonly shipping: { readonly amount: Big; readonly method: 'STANDARD' | 'EXPRESS' | 'PICKUP' };
  readonly total: Big;
  readonly currency: string;
}

const voucher = { code: 'WELCOME5', amount: new Big('5.00') };

/** A basket of one to three articles, paid in euros. */
export function fillBasket(dice: Dice): Basket {
  const items = dice
    .shuffled(products)
    .slice(0, dice.between(1, 3))
    .map(({ sku, name, price }) => {
      return { sku, name, quantity: dice.between(1, 2), unitPrice: new Big(price) };
    });
  const goods = items.reduce(
    (sum, { quantity, unitPrice }) => sum.plus(unitPrice.times(quantity)),
    new Big(0),
  );
  const discount = goods.gt(50) && dice.happens(0.25) ? voucher : null;
  const shipping = pickShipping(dice, goods);
  const total = goods.plus(shipping.amount).minus(discount?.amount ?? 0);
  return { items, discount, shipping, total, currency: 'EUR' };
}

function pickShipping(dice: Dice, goods: Big): Basket['shipping'] {
  if (dice.happens(0.15)) return { method: 'EXPRESS', amount: new Big('9.90') };
  if (dice.happens(0.15)) return { method: 'PICKUP', amount: new Big(0) };
  return { method: 'STANDARD', amount: new Big(goods.gte(60) ? 0 : '4.90') };
}

/** The same basket in a currency that is not the euro. */
export function inForeignCurrency(basket: Basket, dice: Dice): Basket {
  return { ...basket, currency: dice.pick(foreignCurrencies) };
}

/** The goods sent back and their price returned, but not the shipping. */
export function returned(basket: Basket): Basket {
  return {
    ...basket,
    items: basket.items.map((item) => ({ ...item, quantity: -item.quantity })),
    shipping: { method: basket.shipping.method, amount: new Big(0) },
    total: basket.total.minus(basket.shipping.amount).neg(),
  };
}

/** The goods paid for by a gift card: only the shipping is left to pay. */
export function paidByGiftCard(basket: Basket): Basket {
  const shipping = basket.shipping.amount;
  const amount = basket.total.minus(shipping).plus(basket.discount?.amount ?? 0);
  return { ...basket, discount: { code: 'GIFT-CARD', amount }, total: shipping };
}
