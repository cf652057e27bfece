import { describe, expect, test } from 'vitest';
import type { AttemptClass } from '../../src/powerspace/answer.ts';
import { Breaker } from '../../src/powerspace/breaker.ts';

/** A breaker and a time that the test moves. */
class Subject {
  readonly breaker = new Breaker();
  now = 1_000_000;
  #clicks = 0;

  /** Sends so many postbacks at once, each of another click, all of which must be permitted. */
  start(count: number): void {
    for (let sent = 0; sent < count; sent += 1) expect(this.breaker.permits(this.now)).toBe(true);
  }

  /** Ends one of those. */
  end(attempt: AttemptClass, clickId = `click-${this.#clicks++}`): void {
    this.breaker.report(attempt, clickId, this.now);
  }

  send(attempt: AttemptClass, clickId?: string): void {
    this.start(1);
    this.end(attempt, clickId);
  }

  sendMany(count: number, attempt: AttemptClass): void {
    for (let sent = 0; sent < count; sent += 1) this.send(attempt);
  }

  /** How long after now the next probe is permitted. */
  get wait(): number {
    return this.breaker.probeAt - this.now;
  }

  /** Waits until the next probe may go, and sends it. */
  probe(attempt: AttemptClass, clickId?: string): void {
    this.now = this.breaker.probeAt - 1;
    expect(this.breaker.permits(this.now)).toBe(false);
    this.now += 1;
    this.send(attempt, clickId);
  }
}

function opened(): Subject {
  const subject = new Subject();
  subject.sendMany(10, 'transient');
  return subject;
}

describe('what stops the sending', () => {
  test('ten transient failures in a row', () => {
    const subject = new Subject();
    subject.sendMany(9, 'transient');
    expect(subject.breaker.hold).toBeUndefined();
    subject.send('transient');
    expect(subject.breaker.hold).toBe('transient');
    expect(subject.breaker.permits(subject.now)).toBe(false);
  });

  test('ten failures of which some left it open whether the postback arrived', () => {
    const subject = new Subject();
    subject.sendMany(5, 'transient');
    subject.sendMany(5, 'ambiguous');
    expect(subject.breaker.hold).toBe('transient');
  });

  test.each(['delivered', 'rejected'] as const)('not failures with one %s between', (attempt) => {
    const subject = new Subject();
    subject.sendMany(9, 'transient');
    subject.send(attempt);
    subject.sendMany(9, 'transient');
    expect(subject.breaker.hold).toBeUndefined();
  });

  test('one failure of the set-up', () => {
    const subject = new Subject();
    subject.send('setup');
    expect(subject.breaker.hold).toBe('setup');
    expect(subject.breaker.permits(subject.now)).toBe(false);
  });

  test('twenty rejections of different clicks', () => {
    const subject = new Subject();
    subject.sendMany(19, 'rejected');
    expect(subject.breaker.hold).toBeUndefined();
    subject.send('rejected');
    expect(subject.breaker.hold).toBe('rejected');
  });

  test('twenty rejections with failures, but no delivery, between', () => {
    const subject = new Subject();
    for (let click = 0; click < 20; click += 1) {
      subject.send('transient');
      subject.send('rejected');
    }
    expect(subject.breaker.hold).toBe('rejected');
  });

  test('not many rejections of few clicks', () => {
    const subject = new Subject();
    for (let sent = 0; sent < 500; sent += 1) subject.send('rejected', `click ${sent % 19}`);
    expect(subject.breaker.hold).toBeUndefined();
  });

  test('not rejections with a delivery between', () => {
    const subject = new Subject();
    subject.sendMany(19, 'rejected');
    subject.send('delivered');
    subject.sendMany(19, 'rejected');
    expect(subject.breaker.hold).toBeUndefined();
  });
});

describe('while it is open', () => {
  test('one postback at a time probes', () => {
    const subject = opened();
    subject.now = subject.breaker.probeAt;
    subject.start(1);
    subject.now += 100_000;
    expect(subject.breaker.permits(subject.now)).toBe(false);
    subject.end('transient');
    expect(subject.breaker.permits(subject.now)).toBe(false);
    subject.probe('transient');
  });

  test('probes are a second apart, then twice as long each time, up to a minute', () => {
    const subject = opened();
    const waits = [subject.wait];
    for (let probes = 0; probes < 8; probes += 1) {
      subject.probe('transient');
      waits.push(subject.wait);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test('probes are a minute apart when all is rejected', () => {
    const subject = new Subject();
    subject.sendMany(20, 'rejected');
    expect(subject.wait).toBe(60_000);
    for (let probes = 0; probes < 3; probes += 1) {
      subject.probe('rejected');
      expect(subject.breaker.hold).toBe('rejected');
      expect(subject.wait).toBe(60_000);
    }
  });

  test('attempts of before it opened end first, and none of them counts as a probe', () => {
    const subject = new Subject();
    subject.start(12);
    for (let failed = 0; failed < 10; failed += 1) subject.end('transient');
    const { probeAt } = subject.breaker;
    subject.now = probeAt + 500;
    expect(subject.breaker.permits(subject.now)).toBe(false);
    subject.end('ambiguous');
    subject.end('ambiguous');
    expect(subject.wait).toBeLessThanOrEqual(1_000);
    subject.probe('transient');
    expect(subject.wait).toBe(2_000);
  });
});

describe('what lets the postbacks flow again', () => {
  test.each(['transient', 'setup'] as const)('a delivery after %s', (attempt) => {
    const subject = new Subject();
    subject.sendMany(attempt === 'setup' ? 1 : 10, attempt);
    subject.probe('delivered');
    expect(subject.breaker.hold).toBeUndefined();
    subject.start(100);
  });

  test('a delivery after rejections, and then twenty more are needed', () => {
    const subject = new Subject();
    subject.sendMany(20, 'rejected');
    subject.probe('delivered');
    subject.sendMany(19, 'rejected');
    expect(subject.breaker.hold).toBeUndefined();
  });

  test('a rejection after failures, since Powerspace itself has answered', () => {
    const subject = opened();
    subject.probe('rejected');
    expect(subject.breaker.hold).toBeUndefined();
  });

  test('the late delivery of an attempt of before', () => {
    const subject = new Subject();
    subject.start(11);
    for (let failed = 0; failed < 10; failed += 1) subject.end('transient');
    subject.end('delivered');
    subject.start(1);
  });

  test('not one failure of another kind: the reason to hold changes', () => {
    const subject = opened();
    subject.probe('setup');
    expect(subject.breaker.hold).toBe('setup');
    subject.probe('transient');
    expect(subject.breaker.hold).toBe('setup');
  });

  test('not failures of the probes while all is rejected: it holds on, a minute apart', () => {
    const subject = new Subject();
    subject.sendMany(20, 'rejected');
    for (const attempt of ['transient', 'ambiguous', 'rejected'] as const) {
      subject.probe(attempt);
      expect([subject.breaker.hold, subject.wait]).toEqual(['rejected', 60_000]);
    }
  });

  test('not a rejection after a failure of the set-up, where all had been rejected before', () => {
    const subject = new Subject();
    subject.sendMany(20, 'rejected');
    subject.probe('setup');
    expect(subject.breaker.hold).toBe('setup');
    subject.probe('rejected');
    expect([subject.breaker.hold, subject.wait]).toEqual(['rejected', 60_000]);
  });

  test('a rejection after a failure of the set-up, since Powerspace itself has answered', () => {
    const subject = new Subject();
    subject.send('setup');
    subject.probe('rejected');
    expect(subject.breaker.hold).toBeUndefined();
  });

  test('and the next time probes are a second apart again', () => {
    const subject = opened();
    for (let probes = 0; probes < 5; probes += 1) subject.probe('transient');
    subject.probe('delivered');
    subject.sendMany(10, 'transient');
    expect(subject.wait).toBe(1_000);
  });
});

test('the time that it was open is added up, up to now', () => {
  const subject = opened();
  const start = subject.now;
  expect(subject.breaker.openTime(subject.now)).toBe(0);
  subject.probe('transient');
  subject.probe('delivered');
  expect(subject.now - start).toBe(3_000);
  subject.now += 50_000;
  expect(subject.breaker.openTime(subject.now)).toBe(3_000);
  subject.send('setup');
  subject.now += 250;
  expect(subject.breaker.openTime(subject.now)).toBe(3_250);
});
