// Runs in every page of a browser test before the page's own scripts. `window.probe` reads what the person sees and hears;
// it watches RTCPeerConnection itself, so that the product needs no hook for tests.
(() => {
  const peers = [];
  const Native = window.RTCPeerConnection;
  if (!Native) return;
  window.RTCPeerConnection = class RTCPeerConnection extends Native {
    constructor(...options) {
      super(...options);
      peers.push(this);
    }
  };

  const open = () => peers.filter((peer) => peer.connectionState !== "closed");
  const tile = (participant, source) =>
    document.querySelector(`[data-testid=tile][data-participant="${participant}"][data-source="${source}"]`);

  const allStats = async () => {
    const reports = await Promise.all(open().map((peer) => peer.getStats()));
    return reports.flatMap((report) => [...report.values()]);
  };

  /** With the name of their codec, as `codec`. */
  const streams = async (type) => {
    const stats = await allStats();
    const codecs = new Map(stats.filter((entry) => entry.type === "codec").map((entry) => [entry.id, entry.mimeType]));
    return stats.filter((entry) => entry.type === type).map((entry) => ({ ...entry, codec: codecs.get(entry.codecId) }));
  };

  const tileOfTrack = () => {
    const found = new Map();
    for (const element of document.querySelectorAll("[data-testid=tile]")) {
      for (const media of element.querySelectorAll("video, audio")) {
        for (const track of media.srcObject?.getTracks() ?? []) found.set(track.id, element.dataset);
      }
    }
    return found;
  };

  window.probe = {
    peers: open,

    /** The connections that the page has closed. */
    ended: () => peers.filter((peer) => peer.connectionState === "closed"),

    /** Every incoming stream, with the participant and source of the tile that shows it (if one does). */
    async inbound() {
      const tiles = tileOfTrack();
      return (await streams("inbound-rtp")).map((entry) => ({ ...entry, ...tiles.get(entry.trackIdentifier) }));
    },

    outbound: () => streams("outbound-rtp"),

    /** One entry per connected transport: SRTP cipher, and the protocol of the selected candidates. */
    async transports() {
      const stats = await allStats();
      const byId = new Map(stats.map((entry) => [entry.id, entry]));
      const pairs = stats.filter((entry) => entry.type === "candidate-pair" && entry.nominated && entry.state === "succeeded");
      return {
        ciphers: stats.filter((entry) => entry.type === "transport" && entry.srtpCipher).map((entry) => entry.srtpCipher),
        protocols: pairs.map((pair) => byId.get(pair.localCandidateId)?.protocol),
      };
    },

    states: () => open().map((peer) => peer.connectionState),

    /** How much neighbouring pixels of a row differ in the middle of a tile's decoded picture, of 255: sharp or blurred. */
    contrast(participant, source) {
      const video = tile(participant, source)?.querySelector("video");
      if (!video?.videoWidth) return 0;
      const size = 64;
      const canvas = Object.assign(document.createElement("canvas"), { width: size, height: 1 });
      const context = canvas.getContext("2d");
      context.drawImage(video, Math.floor(video.videoWidth / 2), Math.floor(video.videoHeight / 2), size, 1, 0, 0, size, 1);
      const { data } = context.getImageData(0, 0, size, 1);
      let sum = 0;
      for (let x = 1; x < size; x += 1) sum += Math.abs(data[4 * x] - data[4 * (x - 1)]);
      return sum / (size - 1);
    },

    /** The mean colour in the middle of a tile's decoded picture: [red, green, blue], or null while there is none. */
    colour(participant, source) {
      const video = tile(participant, source)?.querySelector("video");
      if (!video?.videoWidth) return null;
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 8;
      const context = canvas.getContext("2d");
      const { videoWidth: width, videoHeight: height } = video;
      context.drawImage(video, width * 0.4, height * 0.4, width * 0.2, height * 0.2, 0, 0, 8, 8);
      const { data } = context.getImageData(0, 0, 8, 8);
      const mean = (offset) => {
        let sum = 0;
        for (let index = offset; index < data.length; index += 4) sum += data[index];
        return Math.round((sum * 4) / data.length);
      };
      return [mean(0), mean(1), mean(2)];
    },
  };
})();
