import type { Journey } from './journey.ts';
import { byClick, oddClicks } from './journeysByClick.ts';
import { notReported } from './journeysNotReported.ts';
import { withoutClick } from './journeysWithoutClick.ts';

/** All journeys; their shares add up to 100. */
export const journeys: readonly Journey[] = [
  ...withoutClick,
  ...byClick,
  ...notReported,
  ...oddClicks,
];
