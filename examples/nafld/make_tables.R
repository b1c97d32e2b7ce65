# The tables of this example, from R's survival package (3.5 or later): the subjects with an even number, in the
# package's own columns. chol and dbp are left out because the package gives them the values of hdl and sbp.
# Times are in days from the subject's own day 0; `index` says so.
#   Rscript make_tables.R
library(survival)
even <- function(d) d[d$id %% 2 == 0, ]
write <- function(d, file) {
  zipped <- gzfile(file, "w", compression = 9)
  write.csv(d, zipped, row.names = FALSE, na = "", quote = FALSE)
  close(zipped)
}
subjects <- even(nafld1)[, c("id", "age", "male", "bmi", "futime", "status")]
subjects$bmi <- round(subjects$bmi, 1)
subjects$index <- 0
write(subjects, "subjects.csv.gz")
tests <- even(nafld2)
write(tests[tests$test %in% c("hdl", "sbp", "smoke"), ], "measurements.csv.gz")
write(even(nafld3), "diagnoses.csv.gz")
