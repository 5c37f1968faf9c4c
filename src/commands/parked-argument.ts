import { wordParameter, type Parameter } from './parameters.ts';

/** The reference of something parked, as reports and rooms have it; capitals, which phones put first, do not matter. */
export function referenceParameter(about: string, form: string): Parameter<string> {
  const word = wordParameter(about, { pattern: /^[a-z0-9]{1,40}$/i, form, isOpaque: true });
  return {
    ...word,
    read: async (line, context) => {
      const { value, rest } = await word.read(line, context);
      return { value: value.toLowerCase(), rest };
    },
  };
}
