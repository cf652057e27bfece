/** How much is measured. */
export interface Size {
  /** Tells entries of the history apart. */
  readonly name: 'full' | 'quick';
  /** Events of a topic in which 1% have a click, of one in which all have, and of the backlog. */
  readonly fewEvents: number;
  readonly allEvents: number;
  readonly backlogEvents: number;
  /** Clicks in the store. */
  readonly clicks: number;
  /** Clicks in the large stores of the case `sizes`. */
  readonly storedClicks: number;
  /** Seconds that are given to those who would take too long over a whole topic. */
  readonly rivalSeconds: number;
  /** Seconds that a slow receiver is kept busy. */
  readonly slowSeconds: number;
}

/** What is measured for good. */
export const full: Size = {
  ...{ name: 'full', fewEvents: 400_000, allEvents: 60_000, backlogEvents: 5_000_000 },
  ...{ clicks: 100_000, storedClicks: 1_000_000, rivalSeconds: 10, slowSeconds: 8 },
};

/** A look in a few minutes. */
export const quick: Size = {
  ...{ name: 'quick', fewEvents: 60_000, allEvents: 5_000, backlogEvents: 200_000 },
  ...{ clicks: 20_000, storedClicks: 200_000, rivalSeconds: 3, slowSeconds: 2 },
};
