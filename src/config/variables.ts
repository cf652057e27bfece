/**
 * References to environment variables in values: `${NAME}`, and `${NAME:-default}` for a variable that
 * is not set or empty, as in a shell. `$${` stands for `${` itself.
 */
const reference = /\$\$\{|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}|\$\{/g;

// The signs of a reference that mean something else to YAML, and the first of their stand-ins, which are
// as long as they are: noncharacters of Unicode, which no text holds.
const signs = '{}[],:#';
const firstStandIn = 0xfdd0;

/** A text in which YAML sees references as plain text; offsets stay the same. */
export function maskReferences(text: string): string {
  return text.replaceAll(/\$\{[A-Za-z_]\w*(?::-[^}\n]*)?\}/g, (whole) =>
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

/** A text with its references replaced, the variables it took, and what is wrong with it. */
interface Substitution {
  readonly text: string;
  readonly variables: readonly string[];
  readonly mistakes: readonly string[];
}

/** Replaces the references in one text. A mistake names the variable, never a value. */
export function substituteReferences(text: string, environment: NodeJS.ProcessEnv): Substitution {
  const variables: string[] = [];
  const mistakes: string[] = [];
  const replaced = text.replaceAll(reference, (whole, name?: string, fallback?: string) => {
    if (whole === '$${') return '${';
    if (name === undefined || fallback?.includes('${')) {
      mistakes.push(
        `after \${ the name of an environment variable and } must follow, as in \${NAME} or \${NAME:-default}; write $\${ for a plain \${`,
      );
      return whole;
    }
    variables.push(name);
    const value = environment[name];
    if (value !== undefined && (value !== '' || fallback === undefined)) return value;
    if (fallback !== undefined) return fallback;
    mistakes.push(
      `the environment variable ${name} is not set; set it, or give a default: \${${name}:-default}`,
    );
    return whole;
  });
  return { text: replaced, variables, mistakes };
}
