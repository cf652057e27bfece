/**
 * References in values: to environment variables as `${NAME}`, and `${NAME:-default}` for one that is not set or
 * empty, as in a shell; to what a file holds as `${file:NAME}`. `$${` stands for `${` itself.
 */
const reference = /\$\$\{|\$\{(?:([A-Za-z_]\w*)(?::-([^}]*))?|file:(?!-)([^}\n]+))\}|\$\{/g;

// The signs of a reference that mean something else to YAML, and the first of their stand-ins, which are
// as long as they are: noncharacters of Unicode, which no text holds.
const signs = '{}[],:#';
const firstStandIn = 0xfdd0;

/** A text in which YAML sees references as plain text; offsets stay the same. */
export function maskReferences(text: string): string {
  return text.replaceAll(/\$\{(?:[A-Za-z_]\w*(?::-[^}\n]*)?|file:[^}\n]+)\}/g, (whole) =>
    whole.replaceAll(/[{}[\],:#]/g, (sign) =>
      String.fromCharCode(firstStandIn + signs.indexOf(sign)),
    ),
  );
}

/** Takes a mask off again. */
export function unmaskReferences(text: string): string {
  return text.replaceAll(/[\ufdd0-\ufdd6]/g, (standIn) =>
    signs.charAt(standIn.charCodeAt(0) - firstStandIn),
  );
}

/** Where the values of references come from. */
export interface ReferenceSources {
  readonly environment: NodeJS.ProcessEnv;
  /** What a file holds, by the name that the reference gives it. Throws UnreadableFileError. */
  readonly readFile: (name: string) => string;
}

/** Why a file that a reference names gives no value; the message says what to do. */
export class UnreadableFileError extends Error {
  override readonly name = 'UnreadableFileError';
}

/** A text with its references replaced, the references it took, and what is wrong with it. */
interface Substitution {
  readonly text: string;
  /** As they stand between the braces, without a default: `NAME`, `file:NAME`. */
  readonly references: readonly string[];
  readonly mistakes: readonly string[];
}

/** Replaces the references in one text. A mistake names the variable or the file, never a value. */
export function substituteReferences(text: string, sources: ReferenceSources): Substitution {
  const references: string[] = [];
  const mistakes: string[] = [];
  const replaced = text.replaceAll(
    reference,
    (whole, name?: string, fallback?: string, file?: string) => {
      if (whole === '$${') return '${';
      if ((name ?? file) === undefined || `${fallback}${file}`.includes('${')) {
        mistakes.push(noReference);
        return whole;
      }
      references.push(name ?? `file:${file}`);
      const { value, mistake } =
        file === undefined
          ? readVariable(String(name), fallback, sources.environment)
          : readSecretFile(file, sources);
      if (mistake !== undefined) mistakes.push(mistake);
      return value ?? whole;
    },
  );
  return { text: replaced, references, mistakes };
}

const noReference =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it tells how a reference is written.
  'after ${ the name of an environment variable and } must follow, as in ${NAME} or ${NAME:-default}, or a file, as in ${file:/run/secrets/name}; write $${ for a plain ${';

/** A value, or why there is none. */
interface Read {
  readonly value?: string;
  readonly mistake?: string;
}

function readVariable(
  name: string,
  fallback: string | undefined,
  environment: NodeJS.ProcessEnv,
): Read {
  const value = environment[name];
  if (value !== undefined && (value !== '' || fallback === undefined)) return { value };
  if (fallback !== undefined) return { value: fallback };
  return {
    mistake: `the environment variable ${name} is not set; set it, or give a default: \${${name}:-default}`,
  };
}

function readSecretFile(file: string, { readFile }: ReferenceSources): Read {
  try {
    return { value: readFile(file) };
  } catch (thrown) {
    if (!(thrown instanceof UnreadableFileError)) throw thrown;
    return { mistake: thrown.message };
  }
}
