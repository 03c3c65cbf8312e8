/** JavaScript for the browser: the bar, the Sandbox, and the story without the Sandbox where it cannot be loaded. */
export const PAGE_SCRIPT = String.raw`
'use strict';

(() => {
  const { nonce } = document.currentScript;
  const byId = (id) => document.getElementById(id);
  const settings = JSON.parse(byId('settings').textContent);
  const endpoint = location.origin + location.pathname;
  const keyField = byId('key');
  const KEY = 'rockpool-administrator-key';
  const SECRET = 'accessToken';
  let isPlaying = false;

  const element = (tag, className, text) => Object.assign(document.createElement(tag), { className, textContent: text });

  const showRemembered = (remembered) => {
    const entries = Object.entries(remembered);
    byId('remembered').replaceChildren(
      ...entries.flatMap(([name, value]) => [
        element('dt', '', name),
        element('dd', '', name === SECRET ? String(value).slice(0, 12) + '…' : String(value)),
      ]),
    );
    byId('forget').hidden = entries.length === 0;
  };

  const story = createStory({
    story: settings.story,
    endpoint,
    administratorKey: () => keyField.value.trim(),
    onChange: showRemembered,
    fetch: (...call) => fetch(...call),
  });

  const runStep = async (step, output) => {
    isPlaying = true;
    output.hidden = false;
    output.textContent = '…';
    try {
      output.textContent = JSON.stringify(await story.run(step.name), null, 2);
    } catch (error) {
      output.textContent = 'The server did not answer: ' + error.message;
    }
  };

  const stepItem = (step) => {
    const item = element('li', 'step', '');
    const button = element('button', '', 'Run ' + step.name);
    const output = element('pre', 'answer', '');
    output.hidden = true;
    output.setAttribute('aria-live', 'polite');
    button.type = 'button';
    button.addEventListener('click', () => runStep(step, output));
    item.append(element('h2', '', step.title), element('pre', 'operation', step.text), button, output);
    return item;
  };

  /** Either the Sandbox or the story without it. */
  const show = (view) => {
    byId('plain').hidden = view !== 'plain';
    byId('sandbox').hidden = view === 'plain';
    byId('switch').textContent = view === 'plain' ? 'Show the Sandbox' : 'Show without the Sandbox';
  };

  const loadSandbox = () => {
    let isThere = false;
    const giveUp = (isFinal) => {
      if (isThere) return;
      byId('unreachable').hidden = false;
      byId('switch').hidden = isFinal;
      show('plain');
    };
    // A frame says nothing when it cannot be loaded, but the Sandbox greets its page when it can.
    addEventListener('message', ({ origin }) => {
      if (isThere || origin !== settings.sandbox.frame) return;
      isThere = true;
      byId('unreachable').hidden = true;
      byId('switch').hidden = false;
      // Nobody wants the page changed while they use it.
      if (!isPlaying) show('sandbox');
    });
    setTimeout(giveUp, settings.sandbox.patience, false);
    const script = document.createElement('script');
    Object.assign(script, { nonce, src: settings.sandbox.script, async: true });
    script.addEventListener('load', embedSandbox);
    script.addEventListener('error', () => giveUp(true));
    document.head.append(script);
  };

  const embedSandbox = () => {
    new window.EmbeddedSandbox({
      target: '#sandbox',
      initialEndpoint: endpoint,
      initialState: {
        document: settings.document,
        variables: settings.story.variables,
        includeCookies: false,
        pollForSchemaUpdates: false,
      },
      handleRequest: story.handleRequest,
      endpointIsEditable: false,
      runTelemetry: false,
      allowDynamicStyles: false,
    });
  };

  keyField.value = sessionStorage.getItem(KEY) ?? '';
  keyField.addEventListener('input', () => sessionStorage.setItem(KEY, keyField.value.trim()));
  byId('address').textContent = endpoint;
  byId('forget').addEventListener('click', story.forget);
  byId('switch').addEventListener('click', () => show(byId('plain').hidden ? 'plain' : 'sandbox'));
  byId('steps').append(...settings.story.steps.map(stepItem));
  loadSandbox();
})();
`;
