// The pages are whole without this; with it they follow along through /events.
(function () {
  'use strict';
  var body = document.body;
  var job = body.dataset.job;
  var status = document.getElementById('live');
  if (!window.EventSource || body.dataset.final) return;

  function say(text) {
    status.textContent = text;
  }

  function setText(id, text) {
    var element = document.getElementById(id);
    if (element && text !== null && text !== undefined) element.textContent = text;
  }

  function parse(event) {
    try {
      return JSON.parse(event.data);
    } catch (e) {
      return null;
    }
  }

  function onList(data) {
    var item = document.querySelector('[data-job="' + CSS.escape(data.id) + '"]');
    if (!item) {
      location.reload();
      return;
    }
    item.querySelector('.state').textContent = data.state;
    item.querySelector('.headline').textContent = data.headline || '';
  }

  function onJob(data) {
    setText('state', data.state);
    setText('headline', data.headline);
    if (data.finished_at) location.reload();
  }

  function onLog(data) {
    var log = document.getElementById('log');
    if (!log) return;
    var line = document.createElement('span');
    line.className = data.level || '';
    line.textContent = (data.at || '').slice(11) + ' ' + (data.step || '') + ' ' + data.text;
    log.appendChild(line);
    log.appendChild(document.createTextNode('\n'));
    log.scrollTop = log.scrollHeight;
  }

  var source = new EventSource(job ? '/events?job=' + encodeURIComponent(job) : '/events');
  source.onopen = function () { say('live'); };
  source.onerror = function () { say('reconnecting'); };
  source.addEventListener('job_update', function (event) {
    var data = parse(event);
    if (data) (job ? onJob : onList)(data);
  });
  source.addEventListener('log', function (event) {
    var data = parse(event);
    if (data && job) onLog(data);
  });
})();
