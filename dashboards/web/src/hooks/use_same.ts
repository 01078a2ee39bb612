// Lists and objects that are made again with each drawing, as dependencies of effects.
import { useRef } from "preact/hooks";

/** The same object for as long as its key is the same. */
export function useSame<T>(value: T, key: string): T {
  const kept = useRef({ key, value });
  if (kept.current.key !== key) kept.current = { key, value };
  return kept.current.value;
}

export function useSameList(list: readonly string[]): readonly string[] {
  return useSame(list, list.join("\n"));
}
