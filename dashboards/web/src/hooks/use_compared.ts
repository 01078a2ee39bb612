// The fields of several workloads, made comparable: the series of the comparison's charts.
import { useApp } from "../app_context";
import { meanOf, normalised } from "../model/comparing";
import { kCompared, kWorkFields, type Compared } from "../model/fields";
import { align, type Aligned } from "../model/series";
import type { CompareState } from "../model/url_state";
import { useCounter } from "./use_counter";
import { useSeries, type SeriesState } from "./use_series";

/** One field: a line for each workload. */
export interface ComparedField {
  compared: Compared;
  data: Aligned;
}

const kFields = kCompared.map((one) => one.field);

/** Fields that are zero or unknown for all workloads are left out. */
export function useCompared(state: CompareState): { series: SeriesState; shown: ComparedField[] } {
  const { live } = useApp();
  const { ids, range, normalise, counter } = state;
  const series = useSeries(ids, kFields, range);
  const ofHistory = kWorkFields.includes(counter);
  const counted = useCounter(ids, normalise === "unit" && !ofHistory ? counter : "");
  const drawn = kCompared.map((compared) => {
    const raw = ids.map((id) => series.points(id, compared.field));
    const base = meanOf(raw[0] ?? []);
    const points = ids.map((id, i) =>
      normalised(raw[i] ?? [], compared.field, {
        normalise,
        counter,
        step: series.step,
        facts: live.find(id)?.facts,
        base,
        work: ofHistory ? series.points(id, counter) : counted(id),
      }),
    );
    return { compared, data: align(points, series.step) };
  });
  const shown = drawn.filter(({ data }) =>
    data.slice(1).some((column) => column.some((value) => value !== null && value !== 0)),
  );
  return { series, shown };
}
