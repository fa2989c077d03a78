"""The metrics of the field: recall at K, its sums and means, median and mean rank."""

from __future__ import annotations

from collections.abc import Iterable

from ccr import MetricSpec, hookimpl

CCR_API = 1


@hookimpl
def ccr_register_metrics() -> Iterable[MetricSpec]:
    return [
        *(
            MetricSpec(
                name=f"R@{k}",
                factory="ccr_recall.metrics:RecallAt",
                arguments={"k": k},
                summary=f"Share of queries with a right answer among the first {k}.",
            )
            for k in (1, 5, 10)
        ),
        MetricSpec(
            name="AR",
            factory="ccr_recall.metrics:AverageRecall",
            scope="language",
            summary="Mean of R@1, R@5 and R@10 over both directions.",
        ),
        MetricSpec(
            name="SumR",
            factory="ccr_recall.metrics:SumOfRecalls",
            scope="language",
            summary="Sum of R@1, R@5 and R@10 over both directions: 6 x AR.",
        ),
        MetricSpec(
            name="mAR",
            factory="ccr_recall.metrics:AverageRecall",
            scope="table",
            summary="Mean of AR over the target languages.",
        ),
        MetricSpec(
            name="MedR",
            factory="ccr_recall.metrics:MedianRank",
            higher_is_better=False,
            percent=False,
            summary="Median rank of the best right answer.",
        ),
        MetricSpec(
            name="MeanR",
            factory="ccr_recall.metrics:MeanRank",
            higher_is_better=False,
            percent=False,
            summary="Mean rank of the best right answer.",
        ),
    ]
