// RATE arrivals a second for SECONDS, each of which takes one of USERS
import http from "k6/http";

export const options = {
    summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
    scenarios: {
        load: {
            executor: "constant-arrival-rate",
            rate: Number(__ENV.RATE),
            timeUnit: "1s",
            duration: `${__ENV.SECONDS}s`,
            preAllocatedVUs: Number(__ENV.USERS),
        },
    },
};

export default function () {
    http.get(__ENV.URL);
}
