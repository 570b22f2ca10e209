"""Work on more rows than a transaction can take: scans, counts, copies, clears and writes in batches."""
