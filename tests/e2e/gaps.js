// `window.gaps` notes for how long, at most, nobody else's picture moved on the screen and no sound came in. Start it with gaps.begin().
(() => {
  const longest = {};
  const last = {};
  let running = false;
  let began = 0;

  const note = (what) => {
    const now = performance.now();
    if (last[what] !== undefined && now - last[what] > (longest[what]?.gap ?? 0)) longest[what] = { gap: now - last[what], at: now - began };
    last[what] = now;
  };

  const watchPicture = (tile) => {
    const video = tile.querySelector("video");
    const { participant } = tile.dataset;
    const moved = () => {
      if (!running) return;
      note(participant);
      video.requestVideoFrameCallback(moved);
    };
    last[participant] = performance.now();
    video.requestVideoFrameCallback(moved);
  };

  let newest = 0;
  const watchSound = () => {
    const receivers = window.probe.peers().flatMap((peer) => peer.getReceivers());
    const heard = receivers.filter(({ track }) => track.kind === "audio").flatMap((receiver) => receiver.getSynchronizationSources());
    const latest = Math.max(0, ...heard.map(({ timestamp }) => timestamp));
    if (latest > newest) note("sound");
    newest = Math.max(newest, latest);
  };

  let ticked = 0;
  const watchPage = () => {
    const now = performance.now();
    if (ticked && now - ticked > (longest.page?.gap ?? 0)) longest.page = { gap: now - ticked, at: now - began };
    ticked = now;
    watchSound();
  };

  let timer;
  window.gaps = {
    /** Watches the tiles of these participants from now on, and all sound. */
    begin(participants) {
      running = true;
      began = performance.now();
      for (const participant of participants) watchPicture(document.querySelector(`lo-tile[data-participant="${participant}"]`));
      last.sound = performance.now();
      timer = setInterval(watchPage, 50);
    },

    /** The longest gaps so far and when they ended, in milliseconds, with the one that is not over yet: by participant, and `sound`. */
    end() {
      for (const what of Object.keys(last)) note(what);
      running = false;
      clearInterval(timer);
      return longest;
    },
  };
})();
