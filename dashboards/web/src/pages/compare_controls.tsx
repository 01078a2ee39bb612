// What is compared, and how: the workloads with their lines, and what their values are divided by.
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app_context";
import { getCatalogue, type CatalogueMetric } from "../data/api";
import { fieldOf, kWorkFields } from "../model/fields";
import { kMaxCompared, viewHash, workloadView, type CompareState, type Normalise } from "../model/url_state";
import type { Line } from "../parts/chart_options";
import { Segments } from "../parts/controls";
import { Close } from "../parts/icons";
import { Name } from "../parts/name";
import { WorkloadPicker } from "../parts/picker";

const kNormaliseBy: readonly (readonly [Normalise, string])[] = [
  ["", "Absolute"],
  ["limit", "Share of limit"],
  ["first", "Relative to first"],
  ["unit", "Per unit of work"],
];

export type SetCompare = (change: Partial<CompareState>, replace?: boolean) => void;

export function ComparedList({ state, set, lines }: { state: CompareState; set: SetCompare; lines: readonly Line[] }) {
  const { live } = useApp();
  const { ids, range } = state;
  return (
    <ul class="compared" aria-label="Workloads compared">
      {ids.map((id, i) => {
        const name = lines[i]?.label ?? "";
        return (
          <li key={id} class="chip">
            <svg class="swatch" width="22" height="8" viewBox="0 0 22 8" aria-hidden="true">
              <path
                class={`stroke-${lines[i]?.color ?? ""}`}
                stroke-dasharray={lines[i]?.dash?.join(" ")}
                d="M0 4h22"
              />
            </svg>
            <a href={viewHash(workloadView(id, range))}>
              <Name text={name} longest={48} />
            </a>
            {live.find(id)?.ended !== undefined && <small>ended</small>}
            <button
              type="button"
              aria-label={`Remove ${name.slice(0, 60)}`}
              onClick={() => set({ ids: ids.filter((one) => one !== id) })}
            >
              <Close />
            </button>
          </li>
        );
      })}
      {ids.length < kMaxCompared && (
        <li>
          <WorkloadPicker without={ids} onPick={(id) => set({ ids: [...ids, id] })} />
        </li>
      )}
    </ul>
  );
}

export function NormaliseBar({ state, set }: { state: CompareState; set: SetCompare }) {
  const { normalise, counter } = state;
  return (
    <div class="toolbar">
      <Segments
        label="Values"
        value={normalise}
        choices={kNormaliseBy}
        onChange={(by) => set({ normalise: by, counter: by === "unit" && counter === "" ? "net_tx_bytes" : counter })}
      />
      {normalise === "unit" && <CounterField value={counter} onChange={(name) => set({ counter: name }, true)} />}
    </div>
  );
}

/** What a unit of work is: a field of the history, or any counter of the catalogue. */
function CounterField({ value, onChange }: { value: string; onChange: (name: string) => void }) {
  const [catalogue, setCatalogue] = useState<CatalogueMetric[]>([]);
  const [text, setText] = useState(value);
  useEffect(() => {
    getCatalogue().then(setCatalogue, () => undefined); // without it one types the name
  }, []);
  const counters = catalogue
    .filter((one) => one.type === "counter" && !one.name.startsWith("tallyman_"))
    .map((one) => one.name);
  const known = kWorkFields.includes(text) || counters.includes(text);
  return (
    <label class="select counter">
      <span class="select-label">Work counted by</span>
      <input
        list="counters"
        value={text}
        spellcheck={false}
        autocomplete="off"
        aria-invalid={!known && counters.length > 0}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={() => onChange(text)}
      />
      <datalist id="counters">
        {kWorkFields.map((field) => (
          <option key={field} value={field}>
            {fieldOf(field).title}
          </option>
        ))}
        {counters.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}
