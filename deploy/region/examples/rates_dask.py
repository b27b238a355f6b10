"""Rates of the region from its monthly files, with Dask: events per 100 camera-days by square and species.

pip install "dask[dataframe]";  python rates_dask.py FOLDER
"""

import sys

import dask.dataframe as dd

FOLDER = sys.argv[1]


def main() -> None:
    """Print the rates as CSV. A null count is one too small to be told; it is counted as hidden."""
    effort = dd.read_parquet(f"{FOLDER}/effort-*.parquet", columns=["code", "camera_days"])
    counts = dd.read_parquet(f"{FOLDER}/counts-*.parquet", columns=["code", "species", "events"])
    counts["hidden"] = counts.events.isna().astype("int64")
    days = effort[effort.code != ""].groupby("code").camera_days.sum().compute()
    sums = counts[counts.code != ""].groupby(["code", "species"])[["events", "hidden"]].sum()
    table = sums.compute().reset_index().sort_values(["code", "species"])
    table["camera_days"] = table.code.map(days)
    table = table[table.camera_days > 0]
    table["events"] = table.events.astype("int64")
    table["per100"] = 100 * table.events / table.camera_days
    columns = ["code", "species", "events", "camera_days", "per100", "hidden"]
    table[columns].to_csv(sys.stdout, index=False)


if __name__ == "__main__":
    main()
