import { inject, type TestContext } from 'vitest';
import type { PartName, ProvidedServices } from '../globalSetup.ts';

/** A real part for a test; where it can't be had the test is skipped, and says why. */
export function realPart<Name extends PartName>(
  name: Name,
  context: TestContext,
): NonNullable<ProvidedServices[Name]> {
  const services = inject('services');
  return services[name] ?? context.skip(services.missing[name]);
}
