// A name that a stranger chose: isolated, so that its direction stays its own.
import { visible } from "../model/text";

export function Name({ text, class: className, longest }: { text: string; class?: string; longest?: number }) {
  const shown = visible(text, longest);
  return (
    <bdi class={className} title={shown === text && text.length < 40 ? undefined : visible(text, 1024)}>
      {shown}
    </bdi>
  );
}
