import type { CarrierConfig } from '../../config/config.ts';

/** The settings of a Kannel carrier. */
export type KannelConfig = Extract<CarrierConfig, { type: 'kannel' }>;
