/** A point in time. Nearly every event has one that is read, and a Date takes many times as long to make. */
export class Instant {
  /** Since the Unix epoch. */
  readonly milliseconds: number;

  constructor(milliseconds: number) {
    this.milliseconds = milliseconds;
  }

  toJSON(): string {
    return new Date(this.milliseconds).toISOString();
  }
}
