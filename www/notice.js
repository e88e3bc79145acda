// The one thing plain JavaScript ever shows: a sentence, what was thrown, and what can be done about it.

export class Notice {
  #element = null;

  /** `actions`: `{ label, href }`, `{ label, press }` or `{ label, copy }`, where `copy` gives the text to copy. */
  show(sentence, actions, detail = '') {
    this.hide();
    const text = make('p', 'notice-text', sentence);
    const buttons = make('div', 'notice-actions');
    for (const action of actions) buttons.append(this.#control(action));
    const element = make('section', 'notice');
    element.setAttribute('role', 'alert');
    element.append(text);
    if (detail) element.append(make('p', 'notice-detail', detail));
    element.append(buttons);
    document.body.append(element);
    this.#element = element;
  }

  hide() {
    this.#element?.remove();
    this.#element = null;
  }

  #control({ label, href, press, copy }) {
    const control = make(href ? 'a' : 'button', 'btn', label);
    if (href) control.href = href;
    if (press) control.addEventListener('click', press);
    if (copy) control.addEventListener('click', () => this.#copy(control, copy()));
    return control;
  }

  /** Where the clipboard may not be written, the text is shown to be copied by hand. */
  async #copy(control, text) {
    try {
      await navigator.clipboard.writeText(text);
      control.textContent = 'Copied';
    } catch {
      const area = make('textarea', 'notice-report');
      area.readOnly = true;
      area.value = text;
      area.setAttribute('aria-label', 'Report');
      this.#element.append(area);
      area.select();
    }
  }
}

function make(tag, name, text = '') {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}
