// Light, dark, or as the system has it; kept in this browser.
import { useLayoutEffect, useReducer, useState } from "preact/hooks";

export type Choice = "auto" | "light" | "dark";
const kKey = "tallyman.theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function stored(): Choice {
  try {
    const value = localStorage.getItem(kKey);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto"; // no storage in this browser: the system's choice
  }
}

export function useTheme(): { choice: Choice; shown: "light" | "dark"; next: () => void } {
  const [choice, setChoice] = useState<Choice>(stored);
  const [, draw] = useReducer((n: number) => n + 1, 0);
  useLayoutEffect(() => {
    const changed = (): void => draw(0);
    dark.addEventListener("change", changed);
    return () => dark.removeEventListener("change", changed);
  }, []);
  // Read at each drawing and used there: Chromium sends no event of a change that was read before.
  const shown = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
  document.documentElement.dataset["theme"] = shown;
  const next = (): void => {
    const following: Choice = choice === "auto" ? "light" : choice === "light" ? "dark" : "auto";
    setChoice(following);
    try {
      if (following === "auto") localStorage.removeItem(kKey);
      else localStorage.setItem(kKey, following);
    } catch {
      // kept for this page alone
    }
  };
  return { choice, shown, next };
}
