-- Images keep the plan they were masked by, for reports, and what the last look at every row found.

ALTER TABLE testdata.golden_images
    ADD COLUMN plan jsonb,
    ADD COLUMN verification jsonb;
