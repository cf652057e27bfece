import type { Config } from '../config/schema.ts';
import { ConfigurationError } from '../errors.ts';
import { readSchemas } from '../parts.ts';
import type { EventSchemas } from '../pipeline/eventSchemas.ts';
import { eventsIn, isEvent } from '../pipeline/events.ts';
import { checkMappings } from '../pipeline/mappingCheck.ts';
import type { Look, Part } from './checkedPart.ts';
import { readSchemaFolder } from './schemaFolder.ts';

/** The schemas alone, from the files of a folder: nobody is asked. */
export function offlinePart(folder: string): Part {
  return {
    name: 'schemas',
    setting: 'mappings',
    address: () => folder,
    async look({ loaded }): Promise<Look> {
      const own = readSchemas(loaded);
      const { schemas, problems } = readSchemaFolder(folder);
      if (schemas.length === 0 && problems.length === 0) throw noSchemas(folder);
      const { fields, ...checked } = await checkMappings(loaded, schemasOf);
      return {
        found: `${schemas.length} schema files, ${fields} mapped fields looked up`,
        // A file that no mapping needs may be as it likes; one that is needed is missed there.
        problems: [
          ...problems.map((each) => ({ ...each, severity: 'warning' as const })),
          ...checked.problems,
        ],
        notes: checked.notes,
      };

      function schemasOf(mapping: Config['mappings'][number]): readonly EventSchemas[] {
        const file = mapping.schema === undefined ? undefined : own.get(mapping.schema);
        if (file) return [{ origin: 'its schema file', read: async () => [file] }];
        const named = schemas.filter((schema) =>
          eventsIn(schema, mapping.root).some((event) => isEvent(mapping, event)),
        );
        const found = named.length > 0 ? named : schemas;
        return [{ origin: `the folder ${folder}`, read: async () => found }];
      }
    },
  };
}

function noSchemas(folder: string): ConfigurationError {
  const message = `there is no schema file (.avsc) in ${folder}`;
  return new ConfigurationError([{ severity: 'error', message }]);
}
