# Trends over ordered categories, for tests/parity/test_trend.py.
# Run from the repository root: Rscript tests/parity/r/trend.R [FILE]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, contrasts = c("contr.treatment", "contr.poly")); tight <- coxph.control(eps = 1e-11, iter.max = 60)
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/trend.json")[1]
d <- read.csv("tests/data/pbc_interactions.csv"); d$sex <- factor(d$sex, c("f", "m"))
weighted_median <- function(x, w) { o <- order(x); x[o][which(cumsum(w[o]) >= sum(w) / 2)[1]] }
wald <- function(b, V, L) { e <- L %*% b; q <- drop(t(e) %*% solve(L %*% V %*% t(L), e)); list(chi2 = q, df = nrow(L), p = pchisq(q, nrow(L), lower.tail = FALSE)) }
at <- c(1, 2, 5); d$g <- cut(d$bili, c(-Inf, at, Inf), right = FALSE)
s <- tapply(seq_len(nrow(d)), d$g, function(i) weighted_median(d$bili[i], d$time[i])); d$s <- as.numeric(s[d$g])

# one trend: the second group is the reference
d$g <- relevel(d$g, levels(d$g)[2]); n <- c("g1", "g3", "g4")
f <- coxph(Surv(time, death) ~ g + sex + age, d, control = tight); h <- coxph(Surv(time, death) ~ s + sex + age, d, control = tight)
without <- coxph(Surv(time, death) ~ sex + age, d, control = tight); lr <- 2 * (h$loglik[2] - without$loglik[2])
# departures from a line through the lowest and highest score: of the reference and of the third group
share <- (s - s[1]) / (s[4] - s[1]); L <- matrix(0, 2, 5); L[1, 1:3] <- c(-(1 - share[2]), 0, -share[2]); L[2, 1:3] <- c(-(1 - share[3]), 1, -share[3])
out <- list(cuts = at, scores = I(as.numeric(s)), one = list(estimate = I(unname(c(coef(f)[1], 0, coef(f)[2:3]))), se = I(sqrt(diag(vcov(f)))[1:3]),
  slope = I(unname(coef(h)[1])), slope_se = I(sqrt(vcov(h)[1, 1])), wald = wald(coef(h), vcov(h), t(c(1, 0, 0))), lr = list(chi2 = lr, df = 1, p = pchisq(lr, 1, lower.tail = FALSE)),
  departure = wald(coef(f), vcov(f), L), events = I(as.numeric(tapply(d$death, cut(d$bili, c(-Inf, at, Inf), right = FALSE), sum)))))
# by sex, and the same slope in both
h <- coxph(Surv(time, death) ~ s * sex + age, d, control = tight); f <- coxph(Surv(time, death) ~ g * sex + age, d, control = tight); b <- coef(f); V <- vcov(f)
m <- c(b[1] + b[6], 0, b[2:3] + b[7:8]); W <- rbind(c(1, 0, 0, 0, 0, 1, 0, 0), 0, c(0, 1, 0, 0, 0, 0, 1, 0), c(0, 0, 1, 0, 0, 0, 0, 1))
out$by_sex <- list(f = list(estimate = I(unname(c(b[1], 0, b[2:3]))), slope = wald(coef(h), vcov(h), t(c(1, 0, 0, 0)))),
  m = list(estimate = I(unname(m)), se = I(sqrt(rowSums((W %*% V) * W))), slope = wald(coef(h), vcov(h), t(c(1, 0, 0, 1)))), interaction = wald(coef(h), vcov(h), t(c(0, 0, 0, 1))))
# a category with ranks, robust
f <- coxph(Surv(time, death) ~ factor(stage) + age, d, control = tight); d$rank <- d$stage; h <- coxph(Surv(time, death) ~ rank + age, d, robust = TRUE, cluster = id, control = tight)
out$stage <- list(estimate = I(unname(c(0, coef(f)[1:3]))), slope = I(unname(coef(h)[1])), slope_se = I(sqrt(vcov(h)[1, 1])))
out$versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), na = "null", pretty = FALSE), out_file)
