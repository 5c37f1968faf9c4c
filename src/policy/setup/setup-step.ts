import type { SetupAction, SetupFacts, SetupStepId } from '../../model/setup.ts';

/** One question of a form. */
export interface SetupField {
  readonly ask: (facts: SetupFacts) => string;
  /** The value as it is kept, or what is wrong with it, for the person. */
  readonly read: (words: string, facts: SetupFacts) => { readonly value: string } | { readonly problem: string };
}

/** How an open step is closed. */
export type SetupWay =
  /** The bot does it on a yes. */
  | { readonly kind: 'offer'; readonly ask: string; readonly action: SetupAction }
  /** Questions, and what comes of the answers: lines for the configuration file, or something the bot does at once. */
  | {
      readonly kind: 'form';
      readonly fields: readonly SetupField[];
      readonly result: (
        answers: readonly string[],
        facts: SetupFacts,
      ) => { readonly paste: string } | { readonly action: SetupAction };
    }
  /** Something that people do elsewhere. */
  | { readonly kind: 'wait'; readonly ask: string };

/** How a step stands. */
export interface SetupView {
  readonly isDone: boolean;
  readonly says: string;
  /** undefined: there is nothing to do. A step that is done can be entered again for more. */
  readonly way: SetupWay | undefined;
}

/** One step. */
export interface SetupStep {
  readonly id: SetupStepId;
  readonly title: string;
  readonly look: (facts: SetupFacts) => SetupView;
}
