// Finds a workload by typing: a text field with a list under it.
import { useId, useRef, useState } from "preact/hooks";
import { useLive } from "../app_context";
import type { Entry, Live } from "../data/live";
import { matchesWorkload } from "../model/table";
import { displayName, subtitle } from "../model/workload";
import { Kind } from "./badge";
import { Name } from "./name";

const kMaxFound = 10;

export function WorkloadPicker({ without, onPick }: { without: readonly string[]; onPick: (id: string) => void }) {
  const live = useLive();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const found = open ? foundBy(text, live, without) : [];
  const pick = (index: number): void => {
    const entry = found[index];
    if (!entry) return;
    onPick(entry.facts.id);
    setText("");
    setAt(0);
    input.current?.focus();
  };
  return (
    <div
      class="picker"
      onFocusOut={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOpen(false);
      }}
    >
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-label="Add a workload"
        aria-expanded={found.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={found[at] ? `${id}-${at}` : undefined}
        placeholder="Add a workload…"
        value={text}
        spellcheck={false}
        autocomplete="off"
        dir="auto"
        onFocus={() => setOpen(true)}
        onClick={() => setOpen(true)}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
          setOpen(true);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
          else if (event.key === "Enter") pick(at);
          else if (event.key === "Escape") setOpen(false);
          else return;
          event.preventDefault();
        }}
      />
      <FoundList id={id} found={found} at={at} pick={pick} />
    </div>
  );
}

/** Those that use most CPU first. */
function foundBy(text: string, live: Live, without: readonly string[]): Entry[] {
  const cpu = (entry: Entry): number => live.value(entry, "cpu_cores") ?? 0;
  return [...live.all()]
    .filter((entry) => !without.includes(entry.facts.id) && matchesWorkload(entry.search, text))
    .sort((a, b) => cpu(b) - cpu(a) || (a.facts.id < b.facts.id ? -1 : 1))
    .slice(0, kMaxFound);
}

function FoundList({
  id,
  found,
  at,
  pick,
}: {
  id: string;
  found: readonly Entry[];
  at: number;
  pick: (index: number) => void;
}) {
  return (
    <div
      class={`picker-list${found.length === 0 ? " is-empty" : ""}`}
      id={`${id}-list`}
      role="listbox"
      aria-label="Workloads"
    >
      {found.map((entry, i) => (
        <div
          key={entry.facts.id}
          id={`${id}-${i}`}
          role="option"
          aria-selected={i === at}
          class="picker-item"
          onPointerDown={(event) => {
            event.preventDefault();
            pick(i);
          }}
        >
          <Name text={displayName(entry.facts)} longest={60} />{" "}
          <span class="sub">
            <Kind kind={entry.facts.kind} />
            <Name text={subtitle(entry.facts)} longest={50} />
          </span>
        </div>
      ))}
    </div>
  );
}
