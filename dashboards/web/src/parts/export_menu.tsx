// What a page shows, as a file.
import type { ComponentChildren } from "preact";
import { Menu } from "./controls";
import { Download } from "./icons";
import { saveCsv, saveJson, type Table } from "./save";

/** `shown` is what the rows of the table are. The table is made only when somebody asks for a file. */
export function ExportMenu({
  shown,
  table,
  png,
  children,
}: {
  shown: string;
  table: () => Table;
  png?: () => void;
  children?: ComponentChildren;
}) {
  return (
    <Menu
      label="Export"
      items={[
        { text: `CSV: the ${shown} shown`, run: () => saveCsv(table()) },
        { text: `JSON: the ${shown} shown`, run: () => saveJson(table()) },
        ...(png ? [{ text: "PNG: the charts", run: png }] : []),
      ]}
    >
      <Download />
      {children}
    </Menu>
  );
}
