// One answer at an address of its own.
import { useEffect, useState } from 'preact/hooks';
import { readAnswer, type Answer } from '../lib/answer.ts';
import type { Client } from '../lib/client.ts';
import { Failure, failureOf } from '../lib/failure.ts';
import { AnswerDetails } from './answer_details.tsx';
import { FailureNote } from './failure_note.tsx';

export function AnswerPage({ id, client }: { id: string; client: Client }) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    client.get(`/api/v1/answers/${encodeURIComponent(id)}`, controller.signal).then(
      (json) => {
        const read = readAnswer(json);
        if (read) setAnswer(read);
        else setFailure(new Failure('The server sent something that is not an answer.'));
      },
      (error: unknown) => {
        if (!controller.signal.aborted) setFailure(failureOf(error));
      },
    );
    return () => controller.abort();
  }, [id]);
  return (
    <section class="card">
      <p class="back"><a href="#/">← The line</a></p>
      <h1>One answer</h1>
      {failure ? <FailureNote failure={failure} /> : answer ? <AnswerDetails answer={answer} /> : <p class="soft">Reading …</p>}
    </section>
  );
}
