# Episodes by survival::tmerge from several tables (nafld), survival::survSplit and Epi::splitLexis, for
# tests/parity/test_splitting.py. Run from the repository root: Rscript tests/parity/r/splitting.R [OUT.json]
suppressPackageStartupMessages({library(survival); library(Epi); library(jsonlite)})
options(digits = 17)
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "")
b <- read("nafld_persons.csv.gz"); e <- read("nafld_events.csv.gz"); lab <- read("nafld_hdl.csv.gz")
lab$hdl[seq_len(nrow(lab)) %% 7 == 0] <- NA       # results that are missing: they displace nothing
lab <- aggregate(hdl ~ id + days, lab, mean)      # several results on a day: their mean
of <- function(name) e[e$event == name, c("id", "days")]
build <- function(delay) {
  d <- tmerge(b[c("id", "age", "male")], b, id = id, death = event(futime, status))
  d <- tmerge(d, of("nafld"), id = id, nafld = tdc(days))
  d <- tmerge(d, of("diabetes"), id = id, diabetes = tdc(days))
  d <- tmerge(d, of("htn"), id = id, htn = tdc(days))
  tmerge(d, lab, id = id, hdl = tdc(days, hdl), options = list(delay = delay))
}
summed <- function(d) {
  length <- d$tstop - d$tstart
  list(rows = nrow(d), person_days = sum(length), deaths = sum(d$death), rows_without_hdl = sum(is.na(d$hdl)),
       days_nafld = sum(length[d$nafld == 1]), days_diabetes = sum(length[d$diabetes == 1]),
       days_htn = sum(length[d$htn == 1]), days_hdl = sum((length * d$hdl)[!is.na(d$hdl)]),
       deaths_nafld = sum(d$death[d$nafld == 1]), starts_squared = sum(d$tstart^2))
}
some <- function(d) {
  d <- d[d$id %% 50 == 0, ]
  list(id = d$id, entry = d$tstart, exit = d$tstop, death = as.integer(d$death), nafld = d$nafld,
       diabetes = d$diabetes, htn = d$htn, hdl = d$hdl)
}
now <- build(0); late <- build(90)
# Recurrent events: every heart failure of a person, and how many so far, history included
r <- tmerge(b[c("id", "age")], b, id = id, death = event(futime, status))
hf <- unique(of("heart failure"))
r <- tmerge(r, hf, id = id, hf = event(days), so_far = cumtdc(days))
r <- r[r$id %in% hf$id, ]
# Splits: fixed times, and attained age
cut <- survSplit(Surv(futime, status) ~ ., b, cut = c(365, 1000, 2500), episode = "period", start = "tstart")
b$from <- b$age; b$to <- b$age + b$futime / 365.25
aged <- survSplit(Surv(from, to, status) ~ ., b, cut = c(40, 50, 60, 70, 80), episode = "band")
by_band <- aggregate(cbind(years = to - from, deaths = status) ~ band, aged, sum)
# Lexis: attained age in bands of five years, and time since diagnosis
m <- read("mgus2_rates.csv")
L <- Lexis(entry = list(attage = age, tfd = 0), duration = fu, exit.status = factor(death, 0:1, c("Alive", "Dead")),
           data = m, id = id)
S <- splitLexis(L, breaks = seq(20, 110, 5), time.scale = "attage")
S <- splitLexis(S, breaks = c(0, 1, 2, 5, 10, 20, 40), time.scale = "tfd")
S <- S[order(S$lex.id, S$tfd), ]
S$age_band <- timeBand(S, "attage", "left"); S$time_band <- timeBand(S, "tfd", "left")
S$dead <- as.integer(S$lex.Xst == "Dead" & S$lex.Cst != S$lex.Xst)
cells <- aggregate(cbind(years = lex.dur, deaths = dead) ~ age_band + time_band, S, sum)
T <- S[S$lex.id %% 20 == 0, ]
out <- list(
  nafld = list(now = summed(now), delay_90 = summed(late), rows_now = some(now), rows_delay_90 = some(late)),
  recurrent = list(id = r$id, entry = r$tstart, exit = r$tstop, event = as.integer(r$hf), so_far = r$so_far),
  survsplit = list(rows = nrow(cut), period = as.integer(table(cut$period)),
                   deaths = as.integer(tapply(cut$status, cut$period, sum)),
                   days = as.numeric(tapply(cut$futime - cut$tstart, cut$period, sum)),
                   age_rows = nrow(aged), age_years = by_band$years, age_deaths = by_band$deaths),
  lexis = list(rows = nrow(S), years = sum(S$lex.dur), age_band = cells$age_band, time_band = cells$time_band,
               cell_years = cells$years, cell_deaths = cells$deaths,
               some_id = T$lex.id, some_entry = T$attage, some_exit = T$attage + T$lex.dur, some_dead = T$dead,
               some_age_band = T$age_band, some_time_band = T$time_band),
  versions = list(R = as.character(getRversion()), survival = as.character(packageVersion("survival")),
                  Epi = as.character(packageVersion("Epi"))))
args <- commandArgs(trailingOnly = TRUE)
path <- if (length(args)) args[1] else file.path("tests", "parity", "expected", "splitting.json")
writeLines(toJSON(out, digits = NA, na = "null", auto_unbox = TRUE), path)
