// Text to the clipboard.
import { useState } from "preact/hooks";
import { Copy } from "./icons";

export function CopyLine({ text, label }: { text: string; label: string }) {
  return (
    <div class="copy-line">
      <code class="mono">{text}</code>
      <CopyButton text={text} label={label} />
    </div>
  );
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [announcement, setAnnouncement] = useState("");
  const copy = (): void => {
    copyText(text).then(
      () => setAnnouncement("Copied"),
      () => setAnnouncement("Cannot copy: select the text by hand"),
    );
    setTimeout(() => setAnnouncement(""), 2000);
  };
  return (
    <button type="button" class="icon-button copy" aria-label={label} title={label} onClick={copy}>
      <Copy />
      <span role="status" class="copied">
        {announcement}
      </span>
    </button>
  );
}

/** The clipboard's interface is for https and localhost alone; the old way works on plain http. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr-only";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("not copied");
}
