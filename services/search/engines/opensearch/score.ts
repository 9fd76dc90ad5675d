import { FIELDS } from '../../analysis/occurrence.ts'
import type { Plan } from '../../planning/plan.ts'
import { CERTAIN, LEAST, TYPICAL_LENGTH } from '../../ranking/score.ts'
import { HALF_SOLD, NEW_DAYS, PRIOR_RATINGS, PRIOR_STARS } from '../../ranking/signals.ts'
import type { RankingSettings } from '../engine.ts'

/**
 * The score of ../../ranking/ and ../embedded/scoring.ts, computed where the documents are: `termFreq` answers what `codeOf` (entry.ts)
 * has written. Whether both come to the same number for the same plan is tested in ./score.engine.test.ts. The text is constant, so that it
 * is compiled once.
 */
const SOURCE = `
double share(int code, long lengths, double accessory, def p) {
  double sum = 0;
  int rest = code & 16383;
  for (int field = 0; rest != 0; field++) {
    int times = rest & 3;
    if (times != 0) {
      double counts = times * p.weight[field] / (p.base[field] + p.slope[field] * (int)((lengths >>> (8 * field)) & 255));
      if (field == 2 && (code & 131072) != 0) counts *= p.categoryHead;
      sum += counts;
    }
    rest = rest >>> 2;
  }
  if ((code & 147456) == 0 && (code & 98304) != 0) sum *= accessory;
  return sum / (sum + p.saturation);
}
long lengths = doc['lengths'].value;
double text = 0;
double covered = 0;
int has = 0;
int pairs = 0;
int lastPlace = 0;
int groups = params.groups.length;
for (int g = 0; g < groups; g++) {
  def group = params.groups[g];
  double evidence = 0;
  int place = 0;
  for (def alternative : group.alternatives) {
    double least = 2;
    int code = 0;
    int before = 0;
    int last = alternative.terms.length - 1;
    for (int t = 0; t <= last; t++) {
      code = termFreq('terms', alternative.terms[t]);
      if (code == 0) { least = 0; break; }
      int here = code >>> 18;
      if (t > 0 && alternative.adjacent && (before == 0 || here != before + 1)) { least = 0; break; }
      before = here;
      double one = alternative.weight * share(code, lengths, t == last ? (double)group.accessory : 1.0, params);
      if (one < least) least = one;
    }
    if (least == 0) continue;
    double sure = least > ${CERTAIN} ? ${CERTAIN} : least < ${LEAST} ? ${LEAST} : least;
    double more = sure / (1 - sure);
    if (params.together) evidence += more; else if (more > evidence) evidence = more;
    if (place == 0) place = code >>> 18;
  }
  if (evidence > 0) {
    text += group.idf * evidence / (1 + evidence);
    covered += group.idf;
    has++;
    if (g > 0 && place != 0 && lastPlace != 0 && place == lastPlace + 1) pairs++;
    lastPlace = place;
  } else lastPlace = 0;
}
double score = groups == 0 ? 1 : text;
if (groups > 0) {
  if (params.coverage != 0 && has < groups) score *= Math.pow(covered / params.all, params.coverage);
  if (params.adjacency != 0) score *= 1 + params.adjacency * pairs / Math.max(1, groups - 1);
}
if (params.signals) {
  double sold = doc['sold'].size() == 0 ? 0 : (double)doc['sold'].value;
  double ratings = (double)doc['ratings'].value;
  double stars = doc['rating'].size() == 0 ? 0 : doc['rating'].value;
  double expected = (stars * ratings + ${PRIOR_STARS} * ${PRIOR_RATINGS}) / (ratings + ${PRIOR_RATINGS});
  double ageDays = (params.hour - doc['published'].value.millis / 3600000.0) / 24;
  score *= 1 + params.sales * sold / (sold + ${HALF_SOLD})
    + (ratings == 0 ? 0 : params.rating * Math.max(0, expected - 1) / 4)
    + (doc['inStock'].value ? params.availability : 0)
    + params.newness * ${NEW_DAYS} / (${NEW_DAYS} + Math.max(0, ageDays));
}
return score;
`

/** `script` of a script_score query. */
export function scoreScript(plan: Plan, ranking: RankingSettings): object {
  const step = (name: string) => ranking.steps[name] ?? 0
  const last = plan.groups.length - 1
  const { signals } = ranking
  return {
    source: SOURCE,
    params: {
      groups: plan.groups.map(({ idf, thing, alternatives }, at) => ({
        idf,
        accessory: 1 - (at === last ? thing * step('accessory') : 0),
        alternatives,
      })),
      all: plan.groups.reduce((sum, { idf }) => sum + idf, 0),
      weight: FIELDS.map((field) => ranking.fields[field].weight),
      base: FIELDS.map((field) => 1 - ranking.fields[field].length),
      slope: FIELDS.map((field) => ranking.fields[field].length / TYPICAL_LENGTH[field]),
      saturation: ranking.saturation,
      categoryHead: 1 + step('categoryHead'),
      together: step('together') > 0,
      coverage: step('coverage'),
      adjacency: step('adjacency'),
      signals: Object.values(signals).some((weight) => weight !== 0),
      ...signals,
      hour: plan.hour,
    },
  }
}
