/**
 * How the carrier treats what we send: normal; refuse for good (422); slow (answers after `slowMs`); down (503, nothing taken); drop (takes the text and
 * breaks the connection off, so that the sender cannot know); undeliverable (takes it and reports that it failed).
 */
export type SimulatorMode = (typeof SIMULATOR_MODES)[number];

/** Every mode. */
export const SIMULATOR_MODES = ['normal', 'refuse', 'slow', 'down', 'drop', 'undeliverable'] as const;
