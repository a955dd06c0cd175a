. "$LIB"
take agx-bind-resource.ips
endless='with recursive c(x) as (select 1 union all select x + 1 from c) select x from c where x < 300 or x < 0'
echo 'a pager that is left ends a query that still runs'
AGXTRIAGE_PAGER='head -2' run_tty 80 sql "$endless"
echo 'a pager that cannot be run'
AGXTRIAGE_PAGER='no-such-pager -x 2>/dev/null' run_tty 80 list
echo 'what a pager is told'
for LESS in unset XF; do
	[ "$LESS" = unset ] && unset LESS || export LESS
	AGXTRIAGE_PAGER='cat >/dev/null; echo $LESS $LESSCHARSET $LV' run_tty 80 list
done
echo 'what comes behind the answer'
AGXTRIAGE_PAGER='sed "s/^/paged: /"' run_tty 60 sql --max-rows 1 'select 1 as one union all select 2'
