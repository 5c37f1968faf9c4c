/** What every carrier is told besides its own settings. */
export interface CarrierSurroundings {
  /** The carrier's key in the configuration. */
  readonly name: string;
  /** Where its webhooks reach us: `<publicUrl>/carriers/<name>/`. */
  readonly webhookUrl: URL;
}
