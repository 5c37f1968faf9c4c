/** The PHI classes, from the least to the most protected. `sensitive`: e.g. psychotherapy notes, substance use disorder. */
export const PHI_CLASSES = ['none', 'phi', 'sensitive'] as const;

/** How much protection a room's content needs. */
export type PhiClass = (typeof PHI_CLASSES)[number];

/** The state event that carries a room's class, state key empty, content `{ class, id }`: the class and an opaque id, nothing else. */
export const PHI_CLASS_EVENT = 'org.carebridge.phi';

/** The class in `text`, or undefined where it is none. */
export function parsePhiClass(text: unknown): PhiClass | undefined {
  return PHI_CLASSES.find((phiClass) => phiClass === text);
}
