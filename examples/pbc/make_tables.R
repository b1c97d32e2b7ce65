# The tables of this example, from R's survival package (3.5 or later).
#   Rscript make_tables.R
library(survival)
write <- function(d, file) write.csv(d, file, row.names = FALSE, na = "", quote = FALSE)
write(pbcseq[!duplicated(pbcseq$id), c("id", "futime", "status", "trt", "age", "sex")], "persons.csv")
write(pbcseq[, c("id", "day", "ascites", "bili", "albumin", "protime")], "visits.csv")
