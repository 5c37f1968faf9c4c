/** Two validators of FHIR R4: HL7's own JSON schema (shapes, patterns), and one made from the definitions (cardinality, required codes). */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

interface ByDefinitions {
  validate(
    resource: unknown,
    options: { readonly errorOnUnexpected: boolean },
  ): {
    readonly messages: readonly { readonly severity: string; readonly message: string; readonly location: string }[];
  };
}
interface BySchema {
  validate(resource: unknown): readonly { readonly dataPath: string; readonly message: string }[];
}

const { Fhir } = require('fhir') as { Fhir: new () => ByDefinitions };
const JsonSchemaValidator = require('@asymmetrik/fhir-json-schema-validator') as new () => BySchema;

/** Made once: reading the schema takes seconds. */
let made: { readonly definitions: ByDefinitions; readonly schema: BySchema } | undefined;

/** The validator does not know codes below codes, which these are: PurposeOfUse > TREAT > ETREAT > BTG (valueset-v3-PurposeOfUse). */
const NOT_EXPANDED = /Code "BTG" \(http:\/\/terminology\.hl7\.org\/CodeSystem\/v3-ActReason\) not found/;

/** What is wrong with a resource, in the validators' words; warnings count too. */
export function fhirFaults(resource: unknown): string[] {
  made ??= { definitions: new Fhir(), schema: new JsonSchemaValidator() };
  const { messages } = made.definitions.validate(resource, { errorOnUnexpected: true });
  return [
    ...messages
      .filter(({ severity, message }) => severity !== 'info' && !NOT_EXPANDED.test(message))
      .map(({ message, location }) => `${location}: ${message}`),
    ...made.schema.validate(resource).map(({ dataPath, message }) => `${dataPath} ${message}`),
  ];
}
