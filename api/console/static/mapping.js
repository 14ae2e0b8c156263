// Keeps the preview of the mapping editor in step with what is typed. Without this file
// the Preview button does the same.
const form = document.getElementById('mapping');
const wait = 500;
let timer, running;

async function refresh() {
  running?.abort();
  running = new AbortController();
  const body = new URLSearchParams(new FormData(form));
  body.set('do', 'preview');
  try {
    const answer = await fetch(form.action, { method: 'POST', body, signal: running.signal, redirect: 'error' });
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const preview = fresh.getElementById('preview');
    if (!preview) return;
    if (preview.childElementCount > 0) document.getElementById('preview').replaceChildren(...preview.childNodes);
    say(fresh);
  } catch {
    // A newer keystroke ended it, or the network did: the button is still there.
  }
}

// say shows faults and the state of rows without touching what is being typed. Rows that
// are blank are left out of the answer, so that its rows are counted as they are filled.
function say(fresh) {
  const filled = [...form.querySelectorAll('fieldset.row')].filter((row) => [...row.querySelectorAll('input:not([type=checkbox])')].some((i) => i.value.trim() && !i.name.startsWith('join-')));
  const answers = [...fresh.querySelectorAll('fieldset.row')];
  filled.forEach((row, i) => {
    const state = row.querySelector('[id^=status-]');
    const fault = answers[i]?.querySelector('.fault');
    state.replaceChildren(...(answers[i]?.querySelector('[id^=status-]')?.childNodes ?? []));
    row.classList.toggle('faulty', Boolean(fault));
    row.querySelector('.fault')?.remove();
    if (fault) row.append(fault);
  });
}

form?.addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(refresh, wait);
});
