import { Pool } from 'undici';
import { clickKeys } from '../clicks.ts';

/** Sends so many postbacks, so many at once, and does nothing else: what undici itself can do. */
async function request(url: string, concurrency: number, count: number) {
  const pool = new Pool(url, { connections: concurrency, pipelining: 1 });
  let next = 0;
  const send = async () => {
    while (next < count) {
      const { clickId } = clickKeys(next);
      next += 1;
      const { body } = await pool.request({ path: `/ld?qci=${clickId}`, method: 'GET' });
      await body.dump();
    }
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: concurrency }, send));
  const { user, system } = process.cpuUsage(before);
  await pool.close();
  const peakMegabytes = process.resourceUsage().maxRSS / 1_024;
  return { cpuMicroseconds: (user + system) / count, peakMegabytes };
}

const [url = '', concurrency = '', count = ''] = process.argv.slice(2);
console.log(JSON.stringify(await request(url, Number(concurrency), Number(count))));
