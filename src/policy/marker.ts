import { PHI_CLASSES } from '../model/phi-class.ts';
import type { CarePolicy, ClassRules } from '../model/care-policy.ts';

/** `words` with the class's marker before them where it stands `where`, and without that of any other class. */
export function marked(policy: CarePolicy, rules: ClassRules, where: 'topic' | 'name', words: string): string {
  const plain = withoutMarkers(policy, words);
  const { marker } = rules;
  return marker.where === where && marker.text !== '' ? `${marker.text} ${plain}`.trim() : plain;
}

/** `words` without any class's marker before them. */
export function withoutMarkers(policy: CarePolicy, words: string): string {
  let rest = words.trim();
  // Each turn takes one away, so that it ends.
  for (;;) {
    const found = PHI_CLASSES.map((phiClass) => policy.classes[phiClass].marker.text).find(
      (text) => text !== '' && (rest === text || rest.startsWith(`${text} `)),
    );
    if (found === undefined) return rest;
    rest = rest.slice(found.length).trim();
  }
}
