/** The list of carriers. A new one is one file, one line here, and one call of the carrier contract test. */
import type { CarrierConfig } from '../config/config.ts';
import type { SmsCarrier } from '../ports/sms-carrier.ts';
import { KannelCarrier } from './kannel.ts';
import { LoopbackCarrier } from './loopback.ts';
import type { CarrierSurroundings } from './surroundings.ts';

type Factory<Type extends CarrierConfig['type']> = (
  config: Extract<CarrierConfig, { type: Type }>,
  surroundings: CarrierSurroundings,
) => SmsCarrier;

const FACTORIES: { readonly [Type in CarrierConfig['type']]: Factory<Type> } = {
  loopback: (config, { name }) => new LoopbackCarrier(name, config),
  kannel: (config, surroundings) => new KannelCarrier(config, surroundings),
};

/** The carriers of the configuration, by name. Connects nowhere; throws ConfigError for a setting that cannot work. */
export function createSmsCarriers(
  carriers: ReadonlyMap<string, CarrierConfig>,
  publicUrl: string,
): Map<string, SmsCarrier> {
  return new Map([...carriers].map(([name, config]) => [name, createSmsCarrier(name, config, publicUrl)]));
}

/** One carrier, made from its settings. */
export function createSmsCarrier(name: string, config: CarrierConfig, publicUrl: string): SmsCarrier {
  const webhookUrl = new URL(
    `carriers/${encodeURIComponent(name)}/`,
    publicUrl.endsWith('/') ? publicUrl : `${publicUrl}/`,
  );
  // The table is typed by the key, which the compiler cannot follow through a union.
  const create = FACTORIES[config.type] as Factory<CarrierConfig['type']>;
  return create(config, { name, webhookUrl });
}
