// GETs of URL for SECONDS by USERS: as fast as they can, or RATE a second if that is not 0; kept connections if REUSE is 1
import http from "k6/http";

const { URL, SECONDS, USERS, RATE, REUSE } = __ENV;
const closed = { executor: "constant-vus", vus: Number(USERS) };
const open = {
    executor: "constant-arrival-rate",
    rate: Number(RATE),
    timeUnit: "1s",
    preAllocatedVUs: Number(USERS),
};

export const options = {
    summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
    insecureSkipTLSVerify: true,
    noConnectionReuse: REUSE === "0",
    discardResponseBodies: true,
    scenarios: { load: { ...(RATE === "0" ? closed : open), duration: `${SECONDS}s` } },
};

export default function () {
    http.get(URL);
}
