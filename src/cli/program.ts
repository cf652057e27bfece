import { Command, CommanderError, Option } from 'commander';
import { ConfigurationError, toError } from '../errors.ts';
import { UsageError } from './usageError.ts';

const exitCodes = { done: 0, failed: 1, wrongUsage: 2 } as const;

/**
 * Runs the command line and resolves with its exit code: 0 done, 1 failed, 2 wrong usage. Results go to
 * stdout, the log and errors to stderr.
 */
export async function runProgram(argumentsGiven: readonly string[]): Promise<number> {
  process.stdout.on('error', ignoreClosedPipe);
  let exitCode: number = exitCodes.done;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argumentsGiven, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      return thrown.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage;
    }
    process.stderr.write(`${describeFailure(thrown)}\n`);
    return thrown instanceof UsageError ? exitCodes.wrongUsage : exitCodes.failed;
  }
}

/** Whoever reads the output may have seen enough (`… | head -1`). */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function createProgram(exitWith: (code: number) => void): Command {
  const program = new Command('powerspace-connector')
    .description(
      "Reports leads and orders from a Kafka platform's Avro events to Powerspace, once each, and commits offsets only after delivery.",
    )
    .exitOverride()
    .showHelpAfterError('(--help shows what can be given)');

  // Commands are loaded when they are called, so that --help and mistakes answer at once.
  common(program.command('run'))
    .description('read events and report conversions, until SIGTERM or Ctrl-C')
    .option('--from <time>', 'backfill: only events from this Kafka timestamp on: ISO 8601')
    .option('--to <time>', 'and only those before this one; without it: now')
    .option('--group <name>', 'the group that the backfill reads as')
    .option('--dry-run', 'send and store nothing; report what would be sent')
    .addHelpText('after', runHelp)
    .action(async (options) => exitWith(await (await import('./run.ts')).run(options)));
  common(program.command('check'))
    .description('look at configuration, topics, schemas, store and endpoint; send nothing')
    .option('--sample <number>', 'show what so many records of each topic would become')
    .option('--offline <folder>', 'look only at the mappings, with its .avsc files')
    .action(async (options) => exitWith(await (await import('./check.ts')).check(options)));
  common(program.command('health'))
    .description('ask the connector that runs with this configuration whether it is ready')
    .option('--live', 'only whether it answers, as the health check of the image does')
    .action(async (options) => exitWith(await (await import('./health.ts')).health(options)));
  common(program.command('send'))
    .description('send one postback by hand, past Kafka, store and ledger')
    .argument('<kind>', 'lead or order')
    .requiredOption('--click <id>', 'the click id')
    .option('--value <amount>', 'the value of an order, such as 49.99')
    .option('--url <url>', 'where to send it, instead of powerspace.url of the configuration')
    .action(async (kind, options) => {
      exitWith(await (await import('./send.ts')).send(kind, options));
    });
  common(program.command('explain'))
    .description('say what became of an order or sign-up')
    .argument('<id>', 'its id, as events have it; or its record, as topic/partition/offset')
    .addOption(new Option('--kind <kind>', 'only lead or order').choices(['lead', 'order']))
    .option('--user <keys...>', 'user keys of the person, to be looked up where nothing was sent')
    .action(async (id, options) => {
      exitWith(await (await import('./explain.ts')).explain(id, options));
    });
  common(program.command('reconcile'))
    .description("hold what was reported on a day against Powerspace's statistics")
    .option('--date <day>', 'a day in UTC, such as 2026-11-24, today or yesterday', 'yesterday')
    .action(async (options) => exitWith(await (await import('./reconcile.ts')).reconcile(options)));
  addClicks(program.command('clicks').description('the clicks in the store'), exitWith);
  addDeadLetters(program.command('dead-letters').description('what could not be sent'), exitWith);
  program
    .command('sandbox')
    .description('be a Powerspace for dry runs: the same answers, nothing real')
    .option('--listen <address>', 'host:port to listen on; port 0 picks one', '127.0.0.1:8090')
    .option('--faults <file>', 'a JSON file with faults to inject')
    .addOption(json())
    .addHelpText('after', faultsHelp)
    .action(async (options) => exitWith(await (await import('./sandbox.ts')).sandbox(options)));
  program
    .command('demo')
    .description('start what it needs, and show what becomes of the events of a small shop')
    .addOption(json())
    .action(async (options) => exitWith(await (await import('./demo.ts')).demo(options)));
  return program;
}

function addClicks(clicks: Command, exitWith: (code: number) => void): void {
  common(clicks.command('import'))
    .description('store the clicks of a file; storing them again changes nothing')
    .argument('<file>', 'CSV with a line of names, or NDJSON; - is stdin')
    .option('--format <format>', 'csv or ndjson, where the name of the file does not say')
    .option('--delimiter <character>', 'what separates the fields of CSV; \\t is a tab', ',')
    .option('--user <columns>', 'the columns with user keys, with commas', 'userId')
    .option('--click <column>', 'the column with the click id', 'clickId')
    .option('--at <column>', 'when: ISO 8601, in UTC without an offset, or milliseconds', 'at')
    .option('--skip <lines>', 'go on behind so many lines', '0')
    .addHelpText('after', importHelp)
    .action(async (file, options) => {
      exitWith(await (await import('./clicksImport.ts')).clicksImport(file, options));
    });
  common(clicks.command('get'))
    .description('show the clicks of a user key: when, and the hash that traces and log have')
    .argument('<key>', 'a user key, as events have it')
    .option('--show', 'show the click ids, too')
    .action(async (key, options) => {
      exitWith(await (await import('./clicksGet.ts')).clicksGet(key, options));
    });
  common(clicks.command('forget'))
    .description('remove all that is stored of a person; nothing is sent again')
    .argument('<key>', 'a user key, as events have it')
    .option('--yes', 'do not ask')
    .addHelpText('after', forgetHelp)
    .action(async (key, options) => {
      exitWith(await (await import('./clicksForget.ts')).clicksForget(key, options));
    });
}

function addDeadLetters(deadLetters: Command, exitWith: (code: number) => void): void {
  choosing(common(deadLetters.command('list')))
    .description('list the dead letters, and count their reasons')
    .action(async (options) => {
      exitWith(await (await import('./deadLettersList.ts')).deadLettersList(options));
    });
  common(deadLetters.command('show'))
    .description('show one, with all that is in its record, and what to do about it')
    .argument('<id>', 'its place in the dead-letter topic, as list shows it: 0/12')
    .action(async (id, options) => {
      exitWith(await (await import('./deadLettersShow.ts')).deadLettersShow(id, options));
    });
  choosing(common(deadLetters.command('replay')))
    .description('send their records through the pipeline again')
    .option('--rate <number>', 'records a second, at most', '50')
    .option('--dry-run', 'only show what each would become: send, claim and store nothing')
    .addHelpText('after', replayHelp)
    .action(async (options) => {
      exitWith(await (await import('./deadLettersReplay.ts')).deadLettersReplay(options));
    });
}

function choosing(command: Command): Command {
  return command
    .option('--reason <reasons>', 'only those with these reasons, with commas')
    .option('--topic <topic>', 'only those of records of this topic')
    .option('--since <time>', 'only those given up from this time on: ISO 8601')
    .option('--until <time>', 'only those given up before this time');
}

const runHelp = `
A backfill (--from) reads past events as another group, by default one that is
named after its times, and ends by itself. What the ledger has as delivered is a
duplicate. Run again with the same times, it goes on where it ended. A connector
that runs on an SQLite store has it to itself: stop it for the backfill.

A dry run (--dry-run) reads as a group of its own, beside a connector that runs
on whatever store. It begins where the group of the configuration stands, or
reads the span of --from and --to. It joins by the clicks in the store and those
that it reads, sends no request, and produces no dead letter. What would have
become of the records it prints at the end, and once a minute where that has
changed; with --json each time as one line.`;

const replayHelp = `
Nothing goes out twice: what the ledger has as delivered is a duplicate. What
fails again is a dead letter again, and the exit code is 1 then. A connector that
runs on an SQLite store has it to itself: stop it for the replay, not for
--dry-run.`;

const importHelp = `
Lines that can't be stored are listed on stderr as file:line: reason and left
out; the exit code is 1 then. A connector that runs on an SQLite store has it to
itself: stop it for the import, or send it the clicks (POST /clicks).`;

const forgetHelp = `
The person's clicks are removed under every user key that shares a click with
this one, and the ledger forgets whose conversions it has. Works while a
connector runs. Topics of Kafka, dead letters among them, stay as they are.`;

const faultsHelp = `
Faults are a list; of those that fit a postback the first one acts. Each may
name a kind, a clickId (a regular expression), a rate (0 to 1) and times (how
often at most):
  [{"kind": "order", "rate": 0.1,
    "action": {"type": "answer", "status": 503, "retryAfter": 2}},
   {"clickId": "^slow", "times": 3,
    "action": {"type": "delay", "milliseconds": 6000}}]
Other actions: slowBody, endlessBody, close, reset, hang, garbage.
Without a fault, click ids that begin with expired- are answered 404, and those
that begin with flaky- 503 the first time.`;

function common(command: Command): Command {
  return command.option('--config <file>', 'the configuration', 'connector.yaml').addOption(json());
}

function json(): Option {
  return new Option('--json', 'print the result as JSON');
}

/** What a person needs to mend it; a stack trace only for faults of our own. */
function describeFailure(thrown: unknown): string {
  if (thrown instanceof ConfigurationError) return thrown.message;
  const error = toError(thrown);
  const isOurFault = error instanceof TypeError || error instanceof RangeError;
  return `error: ${isOurFault ? error.stack : error.message}`;
}
