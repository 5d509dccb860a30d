// What went wrong and what to do about it.
import type { Failure } from '../lib/failure.ts';

export function FailureNote({ failure, focus = false }: { failure: Failure; focus?: boolean }) {
  return (
    <div class="failure" role="alert" {...(focus ? { tabIndex: -1, ref: (e: HTMLElement | null) => e?.focus() } : {})}>
      <p>
        {failure.where && <code>{failure.where}</code>}
        {failure.where && ' '}
        {failure.message}
      </p>
      {failure.hint && <p class="soft">{failure.hint}</p>}
    </div>
  );
}
